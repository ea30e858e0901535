/** The chart of the documentation: how much longer others take, GRU forward on one thread. */

import { shapeText } from './cases.js';
import { barChart } from './chart.js';
import { INSTRUCTION_SETS } from './contestants.js';
import { besideText } from './report.js';
import { type CaseResult, OURS } from './results.js';

/** What nobody chooses in place of this package: its own ops, and its other instruction sets. */
const LEFT_OUT = [OURS, 'reference', ...INSTRUCTION_SETS];

/** @throws RangeError where none of them was measured. */
export function ratioChart(results: readonly CaseResult[], backend: string): string {
  const groups = results
    .filter((result) => result.case.cell === 'gru' && result.case.mode === 'forward')
    .map(({ case: benchCase, rows }) => ({
      label: benchCase.name,
      note: shapeText(benchCase),
      bars: rows.flatMap(({ peer, title, threads, ratio }) =>
        threads === 1 && ratio && !LEFT_OUT.includes(peer)
          ? [{ label: title.trim(), value: ratio.median }]
          : [],
      ),
    }))
    .filter(({ bars }) => bars.length > 0);
  if (groups.length === 0)
    throw new RangeError('--svg: expected GRU forward on 1 thread to be measured, got nothing');
  return barChart({
    title: `Time of a GRU, forward, 1 thread, in units of tfjs-torch-rnn, backend ${backend}${besideText(results)}`,
    groups,
  });
}
