/** The known answers of the native engine where this runs: random shapes on each of its instruction sets, against WebAssembly. */

import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { RunningEngine } from '../../../src/kernels/host/host.js';
import { makeNativeEngine, type NativeAddon } from '../../../src/kernels/host/runtime/native.js';
import { makeEngine } from '../../../src/kernels/host/runtime/wasm.js';
import { differenceOfEngines, randomCombination } from '../../support/differential.js';
import { Random } from '../../support/random.js';

/** What the grid prints, as JSON in its last line. */
export interface Answer {
  readonly arch: string;
  readonly sets: readonly string[];
  readonly compared: number;
  readonly worst: number;
}

const COUNT = 40;

void tf.setBackend('cpu');
const addon = createRequire(`${process.cwd()}/`)('./native/index.cjs') as NativeAddon;
const inWasm = new RunningEngine(makeEngine());
let [compared, worst] = [0, 0];
for (const set of addon.sets()) {
  const native = new RunningEngine(makeNativeEngine(addon, 2, set));
  const random = new Random(5);
  for (let i = 0; i < COUNT; i++) {
    worst = Math.max(worst, differenceOfEngines(randomCombination(random, i, 3e4), native, inWasm));
    compared++;
  }
  native.engine.threads.count = 1;
}
const answer: Answer = { arch: process.arch, sets: addon.sets(), compared, worst };
console.log(`\n${JSON.stringify(answer)}`);
