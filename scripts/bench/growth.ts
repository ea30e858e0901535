/** How the cost of a call grows with the length of a sequence, and with the batch. */

import type { BenchCase, Mode } from './cases.js';
import { makeNumbers } from './cases.js';
import { prepare } from './peers/ours.js';
import { median } from './stats.js';

const HIDDEN = 128;
const STEPS = [25, 50, 100, 200];
const STEPS_BATCH = 8;
const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const BATCHES_STEPS = 50;

export interface Growth {
  /** The size that grows: T or B. */
  readonly what: 'T' | 'B';
  readonly mode: Mode;
  readonly points: readonly GrowthPoint[];
}

export interface GrowthPoint {
  readonly size: number;
  /** Median of a call. */
  readonly milliseconds: number;
}

/** On the backend and threads that are active. @param rounds times that each size has its turn. */
export async function measureGrowth(
  modes: readonly Mode[],
  rounds: number,
  blockMs: number,
): Promise<Growth[]> {
  const growths: Growth[] = [];
  for (const mode of modes) {
    const caseOf = (batch: number, steps: number): BenchCase => {
      const sizes = { inputSize: HIDDEN, hiddenSize: HIDDEN, layers: 1, directions: 1, batch, steps };
      return { name: `B=${batch} T=${steps}`, cell: 'gru', mode, ...sizes };
    };
    const byStep = STEPS.map((steps) => caseOf(STEPS_BATCH, steps));
    const byBatch = BATCHES.map((batch) => caseOf(batch, BATCHES_STEPS));
    growths.push(
      { what: 'T', mode, points: await timeSizes(STEPS, byStep, rounds, blockMs) },
      { what: 'B', mode, points: await timeSizes(BATCHES, byBatch, rounds, blockMs) },
    );
  }
  return growths;
}

/** The sizes in turns. The first turn of each, which also compiles what it runs, is not counted. */
async function timeSizes(
  sizes: readonly number[],
  cases: readonly BenchCase[],
  rounds: number,
  blockMs: number,
): Promise<GrowthPoint[]> {
  const prepared = cases.map((benchCase) => prepare(benchCase, makeNumbers(benchCase), 'fused', 'tensors'));
  const times = sizes.map((): number[] => []);
  for (let round = 0; round <= rounds; round++)
    for (const [i, { run }] of prepared.entries()) {
      const end = performance.now() + blockMs;
      do {
        const start = performance.now();
        run();
        if (round > 0) times[i]?.push(performance.now() - start);
      } while (performance.now() < end);
    }
  for (const { dispose } of prepared) await dispose();
  return sizes.map((size, i) => ({ size, milliseconds: median(times[i] as number[]) }));
}
