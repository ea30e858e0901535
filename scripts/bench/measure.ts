/** One case through every contestant: prepared, checked, and timed in turns. */

import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseStateDict, type StateDict, writeSafetensors } from '../../src/state-dict/index.js';
import { type BenchCase, makeNumbers } from './cases.js';
import { largestError } from './check.js';
import type { Contestant } from './contestants.js';
import type { Measured, Request } from './protocol.js';

export interface MeasureOptions {
  /** Number of turns. */
  readonly rounds: number;
  /** Milliseconds of calls in a turn. */
  readonly blockMs: number;
  /** Milliseconds of calls before the first turn: JavaScript and WebAssembly are compiled while they run. */
  readonly firstWarmMs: number;
  /** Milliseconds that a contestant may take in all turns of a case; a slow one gets fewer turns. */
  readonly budgetMs: number;
  /** For the files that contestants read and write. */
  readonly folder: string;
}

/** Where calls are shorter than this, the first after another peer's turn is slower, and is left out. */
const SHORT_MS = 200;
const WARM_MS = 10;
const MAX_RUNS = 500;

/** The part of a {@link Contestant} that is used here. */
export type Competitor = Pick<Contestant, 'kind' | 'threads' | 'takesPartIn' | 'ask'>;

export interface Outcome {
  readonly contestant: Competitor;
  /** By turn; empty where there is a fault. */
  readonly rounds: Measured[];
  /** The largest difference to the contestant that the others are checked against; absent for that one. */
  error?: number;
  /** Why it was not timed. */
  fault?: string;
  /** Whether the fault is a wrong result. */
  isWrong?: boolean;
}

/** Contestants that compute torch's equations are checked against the first of these that takes part. */
const TRUTHS = ['torch', 'reference', 'ours', 'ort-node', 'ort-web', 'ort-webgpu'];

export async function measureCase(
  benchCase: BenchCase,
  contestants: readonly Competitor[],
  options: MeasureOptions,
): Promise<Outcome[]> {
  const outcomes = contestants
    .filter((contestant) => contestant.takesPartIn(benchCase))
    .map((contestant): Outcome => ({ contestant, rounds: [] }));
  const numbers = join(options.folder, 'numbers.safetensors');
  await writeFile(numbers, writeSafetensors(makeNumbers(benchCase)));
  await eachSound(outcomes, ({ contestant }) =>
    contestant.ask({ command: 'prepare', case: benchCase, numbers }),
  );
  await checkResults(benchCase, outcomes, options.folder);
  await timeInTurns(outcomes, options);
  return outcomes;
}

/** Asks one after the other; a contestant that fails is left out from then on. */
async function eachSound(
  outcomes: readonly Outcome[],
  body: (outcome: Outcome) => Promise<unknown>,
): Promise<void> {
  for (const outcome of outcomes) {
    if (outcome.fault !== undefined) continue;
    try {
      await body(outcome);
    } catch (error) {
      outcome.fault = error instanceof Error ? error.message : String(error);
    }
  }
}

async function checkResults(
  benchCase: BenchCase,
  outcomes: readonly Outcome[],
  folder: string,
): Promise<void> {
  const rank = ({ contestant }: Outcome) => TRUTHS.indexOf(contestant.kind.name);
  const checked = outcomes
    .filter(({ contestant }) => contestant.kind.isTorch)
    .sort((a, b) => rank(a) - rank(b));
  const file = join(folder, 'results.safetensors');
  let truth: StateDict | undefined;
  await eachSound(checked, async (outcome) => {
    await outcome.contestant.ask({ command: 'results', file });
    const results = parseStateDict(await readFile(file));
    await rm(file);
    if (!truth) {
      truth = results;
      return;
    }
    try {
      outcome.error = largestError(benchCase.mode, results, truth);
    } catch (error) {
      outcome.isWrong = true;
      throw error;
    }
  });
}

/** A, B, C, A, B, C, ...: a machine that slows down for a while slows all of them. */
async function timeInTurns(outcomes: readonly Outcome[], options: MeasureOptions): Promise<void> {
  const { rounds, blockMs, firstWarmMs, budgetMs } = options;
  const callMs = new Map<Outcome, number>();
  await eachSound(outcomes, async (outcome) => {
    const request: Request = { command: 'measure', warmMs: firstWarmMs, blockMs: 0, maxRuns: 1 };
    const { times } = await outcome.contestant.ask<Measured>(request);
    callMs.set(outcome, times[0] as number);
  });
  for (let round = 0; round < rounds; round++)
    await eachSound(outcomes, async (outcome) => {
      const call = callMs.get(outcome) as number;
      if (round > 0 && call * (round + 1) > budgetMs) return;
      const warmMs = call < SHORT_MS ? WARM_MS : 0;
      const request: Request = { command: 'measure', warmMs, blockMs, maxRuns: MAX_RUNS };
      outcome.rounds.push(await outcome.contestant.ask<Measured>(request));
    });
}
