// @ts-check
// A worker, and a service worker: it answers each message with what the program says.
import * as tf from '@tensorflow/tfjs';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from '../program.mjs';

addEventListener('message', async ({ ports: [port] }) => {
  const answer = await program(tf, { describeKernels, gru, loadStateDict }).catch(String);
  port.postMessage(answer);
});
