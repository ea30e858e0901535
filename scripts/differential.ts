/**
 * The fused kernel against the reference over random combinations of sizes, options and threads.
 *
 *     npm run differential -- [--count N | --minutes N] [--seed N] [--backend cpu|wasm|tensorflow]
 *
 * Combination i has the seed `seed + i`: `--seed S --count 1` runs one again.
 */

import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { availableBackends } from '../spec/support/backends.js';
import { differenceFromReference, randomCombination } from '../spec/support/differential.js';
import { Random } from './test-torch/random.js';

/** Relative to the largest value of each result. */
const TOLERANCE = 1e-4;

function readNumber(what: string, text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new RangeError(`${what}: expected a number, got "${text}"`);
  return Number(text);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '5000' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      backend: { type: 'string', default: 'cpu' },
    },
  });
  const seed = readNumber('--seed', values.seed);
  const end = values.minutes
    ? performance.now() + readNumber('--minutes', values.minutes) * 60_000
    : Infinity;
  const count = values.minutes ? Infinity : readNumber('--count', values.count);
  if (!(await availableBackends()).includes(values.backend) || !(await tf.setBackend(values.backend)))
    throw new RangeError(`--backend: "${values.backend}" does not start here`);
  tf.enableProdMode();
  console.log(`differential on ${values.backend}, seed ${seed}`);
  const [tally, start] = [{ passed: 0, failed: 0, worst: 0 }, performance.now()];
  for (let i = 0; i < count && performance.now() < end; i++) {
    const combination = randomCombination(new Random(seed + i), seed + i, i % 50 === 0 ? 3e6 : 5e4);
    const difference = differenceFromReference(combination);
    tally.worst = Math.max(tally.worst, difference);
    if (difference <= TOLERANCE) tally.passed++;
    else {
      tally.failed++;
      console.log(`FAIL ${difference} ${JSON.stringify(combination)}`);
    }
    if ((i + 1) % 1000 === 0)
      console.log(
        `${i + 1} in ${Math.round((performance.now() - start) / 1000)} s, worst ${tally.worst.toExponential(1)}`,
      );
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
