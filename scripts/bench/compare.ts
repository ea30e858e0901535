/** The part `compare`: cases through contestants in turns, with their tables. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusyProcess } from './busy-process.js';
import { type BenchCase, caseTitle, selectCases } from './cases.js';
import { type Competitor, type MeasureOptions, measureCase, type Outcome } from './measure.js';
import type { CommonOptions } from './options.js';
import { caseText, ratioText } from './report.js';
import { type CaseResult, toResult } from './results.js';

/** @param text undefined where there is nothing to tell. */
export function print(text: string | undefined): void {
  if (text !== undefined) console.log(`\n${text}`);
}

export function casesOf({ isQuick, ...selection }: CommonOptions): BenchCase[] {
  const cases = selectCases(selection);
  return isQuick && !selection.shapes ? cases.filter(({ name }) => name !== 'large') : cases;
}

/** A folder for the files of `body`. */
export async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function timesOf({ rounds, isQuick }: CommonOptions): Omit<MeasureOptions, 'folder'> {
  return isQuick
    ? { rounds, blockMs: 20, firstWarmMs: 150, budgetMs: 5000 }
    : { rounds, blockMs: 150, firstWarmMs: 500, budgetMs: 30_000 };
}

/** Prints each case when it is over, and the ratios by cell and mode. @param folder for files that contestants read and write. */
export async function compareCases(
  options: CommonOptions,
  contestants: readonly Competitor[],
  folder: string,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const busy = options.isBusy ? new BusyProcess() : undefined;
  busy?.begin();
  try {
    for (const benchCase of casesOf(options)) {
      const outcomes = await measureCase(benchCase, contestants, { ...timesOf(options), folder });
      const result = toResult(benchCase, options.isBusy, outcomes);
      results.push(result);
      printCase(result, outcomes);
    }
  } finally {
    busy?.stop();
  }
  for (const cell of options.cells) for (const mode of options.modes) print(ratioText(results, cell, mode));
  return results;
}

function printCase(result: CaseResult, outcomes: readonly Outcome[]): void {
  print(caseText(result));
  if (outcomes.some(({ isWrong }) => isWrong)) {
    console.log(`WRONG RESULTS in ${caseTitle(result.case)}`);
    process.exitCode = 1;
  }
}
