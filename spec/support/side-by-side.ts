/**
 * A program that compares the fused kernel with the reference on two threads, says what it found, and is over: to run as a
 * process or as a worker, beside others of its kind.
 */

import { parentPort } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import { type Combination, differenceFromReference } from './differential.js';
import { WorkerWatch } from './workers.js';

export interface Report {
  /** The largest difference, relative to the largest value of its result. */
  readonly worst: number;
  /** Workers that the engine has started. */
  readonly workers: number;
}

const BIDIRECTIONAL: Combination = {
  cell: 'GRU',
  inputSize: 33,
  hiddenSize: 65,
  batch: 5,
  steps: 40,
  numLayers: 2,
  bidirectional: true,
  bias: true,
  batchFirst: true,
  hasStates: true,
  hasLengths: true,
  threads: 2,
  seed: 1,
};

/** Directions to share, rows, and units of a single row. */
const COMBINATIONS: readonly Combination[] = [
  BIDIRECTIONAL,
  { ...BIDIRECTIONAL, cell: 'LSTM', bidirectional: false },
  { ...BIDIRECTIONAL, cell: 'GRU', bidirectional: false, batch: 1, hiddenSize: 128 },
  { ...BIDIRECTIONAL, cell: 'RNN tanh', hasLengths: false },
];

const watch = new WorkerWatch();
await tf.setBackend('cpu');
const worst = Math.max(...COMBINATIONS.map(differenceFromReference));
const report: Report = { worst, workers: watch.started.length };
if (parentPort) parentPort.postMessage(report);
else console.log(JSON.stringify(report));
