/**
 * The fused kernel against the reference: combinations in which every two values of two options meet (sizes, cells, threads
 * and so on), then random ones.
 *
 *     npm run differential -- [--count N | --minutes N] [--seed N] [--backend cpu|wasm|tensorflow]
 *     npm run differential -- --combination JSON [--backend cpu|wasm|tensorflow]
 *
 * With --count or --minutes random ones alone. --combination runs one again, as a failure prints it.
 */

import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { readNumber } from '../../../scripts/support/read-number.js';
import { availableBackends } from '../../support/backends.js';
import {
  type Combination,
  countOfPairs,
  differenceFromReference,
  pairedCombinations,
  pairsAmong,
  randomCombination,
} from '../../support/differential.js';
import { Random } from '../../support/random.js';

/** Relative to the largest value of each result. */
const TOLERANCE = 1e-4;

/** Compares combinations one by one, and counts. */
class Comparison {
  private readonly start = performance.now();
  private worst = 0;
  private passed = 0;
  failed = 0;

  compare(combination: Combination): void {
    const difference = differenceFromReference(combination);
    this.worst = Math.max(this.worst, difference);
    if (difference <= TOLERANCE) this.passed++;
    else {
      this.failed++;
      console.log(`FAIL ${difference}, again: --combination '${JSON.stringify(combination)}'`);
    }
    if ((this.passed + this.failed) % 1000 === 0) this.print();
  }

  print(): void {
    const seconds = Math.round((performance.now() - this.start) / 1000);
    console.log(`${this.passed + this.failed} in ${seconds} s, worst ${this.worst.toExponential(1)}`);
  }

  printEnd(): void {
    this.print();
    console.log(`${this.passed} passed, ${this.failed} failed`);
  }
}

/** So that workers need not end and start for every combination. */
function byThreads(combinations: readonly Combination[]): Combination[] {
  return [...combinations].sort((a, b) => a.threads - b.threads);
}

function comparePairs(comparison: Comparison, seed: number): void {
  const combinations = pairedCombinations(seed);
  for (const combination of byThreads(combinations)) comparison.compare(combination);
  const pairs = `${pairsAmong(combinations)} of ${countOfPairs()} pairs of values`;
  console.log(`${combinations.length} combinations had ${pairs}`);
}

/** Combinations that are made together. */
const BLOCK = 500;

/** Every 50th may be a large one. */
function compareRandom(comparison: Comparison, seed: number, count: number, end: number): void {
  for (let begin = 0; begin < count; begin += BLOCK) {
    const combinations = Array.from({ length: Math.min(BLOCK, count - begin) }, (_, i) =>
      randomCombination(new Random(seed + begin + i), seed + begin + i, i % 50 === 0 ? 3e6 : 5e4),
    );
    for (const combination of byThreads(combinations)) {
      if (performance.now() > end) return;
      comparison.compare(combination);
    }
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e6)) },
      combination: { type: 'string' },
      backend: { type: 'string', default: 'cpu' },
    },
  });
  const { backend, combination, count, minutes } = values;
  const seed = readNumber('--seed', values.seed);
  const end = performance.now() + (minutes ? readNumber('--minutes', minutes) * 60_000 : Infinity);
  if (!(await availableBackends()).includes(backend) || !(await tf.setBackend(backend)))
    throw new RangeError(`--backend: "${backend}" does not start here`);
  tf.enableProdMode();
  const comparison = new Comparison();
  if (combination) comparison.compare(JSON.parse(combination) as Combination);
  else {
    console.log(`differential on ${backend}, seed ${seed}`);
    if (!count && !minutes) comparePairs(comparison, seed);
    compareRandom(comparison, seed, minutes ? Infinity : readNumber('--count', count ?? '5000'), end);
  }
  comparison.printEnd();
  if (comparison.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
