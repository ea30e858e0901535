/** The part `work`: what a call has a GPU do, and what another number of steps compiles. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSafetensors } from '../../../src/state-dict/index.js';
import { type BenchCase, caseTitle, makeNumbers } from '../cases.js';
import type { Contestant } from '../contestants.js';
import type { Work } from '../protocol.js';
import { table } from '../report.js';

export interface WorkRow {
  readonly peer: string;
  readonly title: string;
  /** Of a call that is not the first of its shape. */
  readonly work?: Work;
  /** Programs compiled for a sequence that is one step longer. */
  readonly programsForSteps?: number;
  readonly fault?: string;
}

export interface WorkResult {
  readonly case: BenchCase;
  readonly rows: readonly WorkRow[];
}

/** @param contestants in pages that watch the GPU. */
export async function countWork(
  benchCase: BenchCase,
  contestants: readonly Contestant[],
  folder: string,
): Promise<WorkResult> {
  const rows: WorkRow[] = [];
  for (const contestant of contestants.filter((each) => each.takesPartIn(benchCase))) {
    const { kind } = contestant;
    const row = { peer: kind.name, title: kind.title(benchCase.cell) };
    try {
      const numbers = join(folder, 'numbers.safetensors');
      const workOf = async (prepared: BenchCase, calls: number): Promise<Work> => {
        await writeFile(numbers, writeSafetensors(makeNumbers(prepared)));
        await contestant.ask({ command: 'prepare', case: prepared, numbers });
        for (let call = 1; call < calls; call++) await contestant.ask<Work>({ command: 'work' });
        return contestant.ask<Work>({ command: 'work' });
      };
      const work = await workOf(benchCase, 2);
      const longer = await workOf({ ...benchCase, steps: benchCase.steps + 1 }, 1);
      rows.push({ ...row, work, programsForSteps: longer.programs - work.programs });
    } catch (error) {
      rows.push({ ...row, fault: error instanceof Error ? error.message : String(error) });
    }
  }
  return { case: benchCase, rows };
}

export function workText({ case: benchCase, rows }: WorkResult): string {
  const titles = ['', 'dispatches', 'reads', 'bytes read', 'programs, another T'];
  const lines = rows.map(({ title, work, programsForSteps }) =>
    work
      ? [title, ...[work.dispatches, work.reads, work.bytesRead, programsForSteps].map(String)]
      : [title, '-'],
  );
  const notes = rows.flatMap(({ title, work, fault }) => {
    const note = fault ?? (work?.ran && `ran ${work.ran}`);
    return note ? [`${title.trim()}: ${note}`] : [];
  });
  return [`${caseTitle(benchCase)}, work of a call`, table([titles, ...lines]), ...notes].join('\n');
}
