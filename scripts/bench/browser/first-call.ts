/** The part `first`: the first call of a layer in a page, after tfjs's own first op. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../../src/state-dict/index.js';
import { type BenchCase, caseTitle, makeNumbers } from '../cases.js';
import type { Contestant } from '../contestants.js';
import type { FirstCall } from '../protocol.js';
import { digits, table } from '../report.js';
import { type Summary, summarize } from '../stats.js';

export interface FirstRow {
  readonly peer: string;
  readonly title: string;
  /** Milliseconds of tfjs's first op, which no row can do without. */
  readonly op?: Summary;
  /** Milliseconds of the first call, after that op. */
  readonly call?: Summary;
  readonly fault?: string;
}

export interface FirstResult {
  readonly case: BenchCase;
  readonly rows: readonly FirstRow[];
}

/** @param contestants not started. @param rounds pages that each opens. */
export async function measureFirstCalls(
  benchCase: BenchCase,
  contestants: readonly Contestant[],
  rounds: number,
  folder: string,
): Promise<FirstResult> {
  const numbers = join(folder, 'numbers.safetensors');
  await writeFile(numbers, writeSafetensors(makeNumbers(benchCase)));
  const calls = contestants.map((): FirstCall[] => []);
  const faults = new Map<Contestant, string>();
  for (let round = 0; round < rounds; round++)
    for (const [i, contestant] of contestants.entries()) {
      if (faults.has(contestant)) continue;
      try {
        await contestant.ask({ command: 'prepare', case: benchCase, numbers });
        calls[i]?.push(await contestant.ask<FirstCall>({ command: 'first' }));
      } catch (error) {
        faults.set(contestant, error instanceof Error ? error.message : String(error));
      } finally {
        contestant.stop();
      }
    }
  const rows = contestants.map((contestant, i): FirstRow => {
    const { kind } = contestant;
    const row = { peer: kind.name, title: kind.title(benchCase.cell) };
    const fault = faults.get(contestant);
    if (fault !== undefined) return { ...row, fault };
    const of = calls[i] as FirstCall[];
    return { ...row, op: summarize(of.map(({ op }) => op)), call: summarize(of.map(({ call }) => call)) };
  });
  return { case: benchCase, rows };
}

export function firstText({ case: benchCase, rows }: FirstResult): string {
  const titles = ['', "tfjs's first op, ms", 'then the first call, ms', 'p10 - p90'];
  const lines = rows.map(({ title, op, call }) =>
    op && call
      ? [title, digits(op.median), digits(call.median), `${digits(call.p10)} - ${digits(call.p90)}`]
      : [title, '-'],
  );
  const notes = rows.flatMap(({ title, fault }) =>
    fault === undefined ? [] : [`${title.trim()}: ${fault}`],
  );
  return [`${caseTitle(benchCase)}, first call of a page`, table([titles, ...lines]), ...notes].join('\n');
}
