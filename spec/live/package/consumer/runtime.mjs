// @ts-check
// What Bun, Deno and Node run: the program, and its report as the last line.
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from './program.mjs';

console.log(JSON.stringify(await program(tf, { describeKernels, gru, loadStateDict })));
