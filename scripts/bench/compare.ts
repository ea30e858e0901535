/** The part `compare`: cases through contestants in turns, with their tables. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BenchCase, caseTitle, selectCases } from './cases.js';
import { type Competitor, type MeasureOptions, measureCase } from './measure.js';
import type { CommonOptions } from './options.js';
import { caseText, ratioText } from './report.js';
import { type CaseResult, toResult } from './results.js';

export function print(text: string): void {
  console.log(`\n${text}`);
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

/** Prints each case when it is over, and the ratios of all at the end. @param folder for files that contestants read and write. */
export async function compareCases(
  options: CommonOptions,
  contestants: readonly Competitor[],
  folder: string,
): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const benchCase of casesOf(options))
    results.push(await compareCase(benchCase, contestants, { ...timesOf(options), folder }));
  for (const cell of options.cells)
    for (const mode of options.modes) {
      const text = ratioText(results, cell, mode);
      if (text !== undefined) print(text);
    }
  return results;
}

async function compareCase(
  benchCase: BenchCase,
  contestants: readonly Competitor[],
  options: MeasureOptions,
): Promise<CaseResult> {
  const outcomes = await measureCase(benchCase, contestants, options);
  const result = toResult(benchCase, outcomes);
  print(caseText(result));
  if (outcomes.some(({ isWrong }) => isWrong)) {
    console.log(`WRONG RESULTS in ${caseTitle(benchCase)}`);
    process.exitCode = 1;
  }
  return result;
}
