/** What `verify` found, for people and for scripts. */

import type { ExitCode } from '../command.js';
import { printable, printableJson } from '../printable.js';
import type { Terminal } from '../terminal.js';
import type { Comparison } from './compare.js';

/** Rows that are named. */
const MOST_ROWS = 8;

/** One result beside PyTorch's. */
export interface Result extends Comparison {
  /** Of the output, or of an inner layer. */
  readonly name: string;
  /** Elements that rounding alone may change so much that they tell nothing. */
  readonly untold: number;
  /** Of the sequence; 0 without one. */
  readonly steps: number;
  /** What was compared, where it is not what the model has at this place. */
  readonly note?: string | undefined;
}

export interface Findings {
  /** What was run: `encoder.gru: GRU(3, 4) on cpu`. */
  readonly title: string;
  /** What else scripts are told of it. */
  readonly about: Readonly<Record<string, unknown>>;
  /** The largest error that the user allows; undefined where rounding decides. */
  readonly tolerance: number | undefined;
  readonly results: readonly Result[];
  /** Sentences about results that do not fit. */
  readonly advice: readonly string[];
}

/** Prints the findings. @returns 1 unless every result fits, and shows that it does. */
export function writeFindings(terminal: Terminal, findings: Findings, asJson: boolean): ExitCode {
  const { results } = findings;
  const isFine = results.every(fits) && results.some(tells);
  if (asJson) terminal.line(printableJson(jsonAnswer(findings, isFine)));
  else writeText(terminal, findings, isFine);
  return isFine ? 0 : 1;
}

export function fits({ exceeding }: Result): boolean {
  return exceeding === 0;
}

function tells({ count, untold }: Result): boolean {
  return untold < count;
}

function writeText(
  terminal: Terminal,
  { title, tolerance, results, advice }: Findings,
  isFine: boolean,
): void {
  terminal.line(title);
  for (const result of results) for (const line of resultLines(result, tolerance)) terminal.line(line);
  const bound = tolerance === undefined ? 'what rounding to float32 can do' : `the tolerance of ${tolerance}`;
  const verdict = results.every(fits)
    ? isFine
      ? `within ${bound}`
      : 'not told: rounding alone may change every value by more than 5% of the largest'
    : `beyond ${bound}`;
  terminal.line(terminal.style(isFine ? 'green' : 'red', verdict));
  for (const sentence of advice) terminal.line(sentence);
}

function resultLines(result: Result, tolerance: number | undefined): string[] {
  const { count, exceeding, untold, worst } = result;
  const at = worst.index.length > 0 ? ` at [${worst.index.join(', ')}]` : '';
  const may = tolerance === undefined ? `, where rounding may give ${twoDigits(worst.allowed)}` : '';
  const where = `${twoDigits(worst.error)}${at}`;
  const name = printable(result.name);
  const lines = fits(result)
    ? [`ok   ${name}: worst error ${where}${may}`]
    : [
        `FAIL ${name}: ${exceeding} of ${count} values differ${placesOf(result)}; ` +
          `worst error ${where}: ${shortNumber(worst.actual)}, expected ${shortNumber(worst.expected)}${may}`,
      ];
  if (result.note !== undefined) lines.push(`     ${printable(result.note)}`);
  if (untold > 0 && tells(result))
    lines.push(
      `     ${untold} of ${count} values tell nothing: rounding alone may change them by more than 5% of the largest`,
    );
  return lines;
}

/** `, in rows 1 and 2 only, from step 3 on`. */
function placesOf({ rows, firstStep, lastStep, steps }: Result): string {
  const inRows = rows === undefined ? '' : `, in ${rowsText(rows)} only`;
  if (firstStep === undefined) return inRows;
  if (firstStep === lastStep && steps !== 1) return `${inRows}, at step ${firstStep} only`;
  return `${inRows}, ${lastStep === steps - 1 ? `from step ${firstStep} on` : `at steps ${firstStep} to ${lastStep}`}`;
}

/** `row 1`, `rows 1, 2 and 4`. */
export function rowsText(rows: readonly number[]): string {
  if (rows.length === 1) return `row ${rows[0]}`;
  if (rows.length > MOST_ROWS) return `${rows.length} rows (${rows.slice(0, MOST_ROWS).join(', ')}, ...)`;
  return `rows ${rows.slice(0, -1).join(', ')} and ${rows.at(-1)}`;
}

/** `1.7e-5`, `0.34`. */
export function twoDigits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return `${value}`;
  return value >= 1e-3 && value < 1e3 ? `${Number(value.toPrecision(2))}` : value.toExponential(1);
}

function shortNumber(value: number): string {
  return Number.isFinite(value) ? `${Number(value.toPrecision(6))}` : `${value}`;
}

/** The answer as JSON; NaN and infinities are text, because JSON has no numbers for them. */
function jsonAnswer({ about, tolerance, results, advice }: Findings, ok: boolean) {
  const number = (value: number): number | string => (Number.isFinite(value) ? value : `${value}`);
  return {
    ...about,
    tolerance: tolerance ?? 'rounding',
    ok,
    results: results.map(({ name, note, count, exceeding, rows, firstStep, lastStep, untold, worst }) => ({
      name,
      count,
      exceeding,
      ...(note !== undefined && { note }),
      ...(rows !== undefined && { rows }),
      ...(firstStep !== undefined && { firstStep, lastStep }),
      untold,
      index: worst.index,
      error: number(worst.error),
      allowed: number(worst.allowed),
      actual: number(worst.actual),
      expected: number(worst.expected),
    })),
    advice,
  };
}
