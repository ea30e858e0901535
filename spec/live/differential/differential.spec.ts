/**
 * The fused kernel against the reference: combinations in which every two values of two options meet (sizes, cells, threads
 * and so on), then random ones.
 *
 *     npm run differential -- [--count N | --minutes N] [--seed N] [--backend cpu|wasm|tensorflow] [--against reference|wasm]
 *     npm run differential -- --combination JSON [--backend cpu|wasm|tensorflow] [--against reference|wasm]
 *
 * `--against wasm`, on the native engine, compares it with the one in WebAssembly: 100,000 shapes take as long as some thousand against
 * the reference.
 *
 * --count is the number of random ones, 5000 by default; with --minutes there are random ones alone. --combination repeats one, as a failure prints it.
 */

import * as tf from '@tensorflow/tfjs';
import { host, RunningEngine } from '../../../src/kernels/host/host.js';
import { makeEngine } from '../../../src/kernels/host/runtime/wasm.js';
import { availableBackends } from '../../support/backends.js';
import {
  type Combination,
  countOfPairs,
  differenceFromReference,
  differenceOfEngines,
  pairedCombinations,
  pairsAmong,
  randomCombination,
} from '../../support/differential.js';
import { Random } from '../../support/random.js';
import { LIVE_ARGUMENTS } from '../command.js';
import { readOptions } from './options.js';

/** Relative to the largest value of each result. */
const TOLERANCE = 1e-4;

/** Random combinations of one test. */
const BLOCK = 500;

const { against, backend, combination, count, minutes, seed } = readOptions(LIVE_ARGUMENTS);

let inWasm: RunningEngine | undefined;

function differenceOf(combination: Combination): number {
  if (against === 'reference') return differenceFromReference(combination);
  inWasm ??= new RunningEngine(makeEngine());
  return differenceOfEngines(
    combination,
    host.run((running) => running),
    inWasm,
  );
}

/** The command, as far as it is the same for each combination. */
const COMMAND = `${process.env.ENGINE === 'native' ? 'ENGINE=native ' : ''}npm run differential -- --backend ${backend} --against ${against}`;

/** Compares all combinations that come before the time `end`. @throws Error that tells how to repeat those that differ. */
function compare(combinations: readonly Combination[], end = Infinity): void {
  const failures: string[] = [];
  let worst = 0;
  let compared = 0;
  // Sorted, so that workers need not end and start for every combination.
  for (const one of [...combinations].sort((a, b) => a.threads - b.threads)) {
    if (performance.now() > end) break;
    const difference = differenceOf(one);
    worst = Math.max(worst, difference);
    compared++;
    if (!(difference <= TOLERANCE))
      failures.push(
        `${difference} > ${TOLERANCE}\n  again: ${COMMAND} --combination '${JSON.stringify(one)}'`,
      );
  }
  console.log(`    ${compared} combinations, worst ${worst.toExponential(1)}`);
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

/** Every 50th may be a large one. */
function randomBlock(begin: number, length: number): Combination[] {
  return Array.from({ length }, (_, i) =>
    randomCombination(new Random(seed + begin + i), seed + begin + i, i % 50 === 0 ? 3e6 : 5e4),
  );
}

describe(`the fused kernel against ${against === 'wasm' ? 'that in WebAssembly' : 'the reference'} on ${backend}, seed ${seed}`, () => {
  before(async () => {
    if (!(await availableBackends()).includes(backend) || !(await tf.setBackend(backend)))
      throw new RangeError(`--backend: "${backend}" does not start here`);
    tf.enableProdMode();
  });
  if (combination) it('one combination', () => compare([combination]));
  else if (minutes !== undefined) {
    it(`random combinations for ${minutes} minutes`, () => {
      const end = performance.now() + minutes * 60_000;
      for (let begin = 0; performance.now() < end; begin += BLOCK) compare(randomBlock(begin, BLOCK), end);
    });
  } else {
    it('every two values of two options', () => {
      const combinations = pairedCombinations(seed);
      console.log(`    ${pairsAmong(combinations)} of ${countOfPairs()} pairs of values`);
      compare(combinations);
    });
    for (let begin = 0; begin < count; begin += BLOCK) {
      const length = Math.min(BLOCK, count - begin);
      it(`random combinations ${begin} to ${begin + length - 1}`, () => compare(randomBlock(begin, length)));
    }
  }
});
