// @ts-check
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { report } from '../bundled/train-model.mjs';
import { program } from '../program.mjs';

report(await program(tf, { describeKernels, gru, loadStateDict }));
