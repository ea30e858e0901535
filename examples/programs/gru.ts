/** A two-layer GRU as a program of PyTorch: gru.py exports it. */

import '../support/closed-pipe.js';
import * as tf from '@tensorflow/tfjs';
import { readExportedProgram } from 'tfjs-torch-rnn/program';
import { check, readNumbers } from './support.js';

tf.enableProdMode();
const numbers = await readNumbers('gru.safetensors');
const x = numbers('x');

const program = await readExportedProgram(new URL('gru.pt2', import.meta.url));
const [output, hn] = program.forward(x) as [tf.Tensor, tf.Tensor]; // as output, hn = gru(x)

check('output', output, numbers('output'));
check('hn', hn, numbers('hn'));
tf.dispose([x, output, hn]);
program.dispose();
