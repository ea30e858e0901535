/** Text for the terminal: columns, bars, and colour where somebody is looking. */

import { charactersOf, padToWidth, textWidth } from './text-width.js';

const useColour = process.stdout.isTTY === true && !process.env.NO_COLOR;

function sgr(on: number, off: number): (text: string) => string {
  return (text) => (useColour ? `\u001b[${on}m${text}\u001b[${off}m` : text);
}

export const bold = sgr(1, 22);
export const dim = sgr(2, 22);
export const red = sgr(31, 39);
const green = sgr(32, 39);
export const cyan = sgr(36, 39);

/** Whether a line of results is as it should be. */
export function mark(isFine: boolean): string {
  return isFine ? green('✓') : red('✗');
}

/** Columns of the terminal; a pipe or a file has room for every table. `COLUMNS` says otherwise. */
export function screenColumns(): number {
  return Number(process.env.COLUMNS) || process.stdout.columns || 120;
}

/**
 * Rows of cells as lines of left-aligned columns. Where the lines are longer than `columns`, the last cell of each row stands on
 * a line of its own.
 */
export function table(rows: readonly (readonly string[])[], columns = Number.POSITIVE_INFINITY): string {
  const lines = alignedLines(rows);
  if (lines.every((line) => textWidth(line) <= columns)) return lines.join('\n');
  return rows
    .flatMap((row) => [row.slice(0, -1), [...row.slice(0, -2).map(() => ''), row.at(-1) ?? '']])
    .map((row) => alignedLines([row], columnWidths(rows.map((cells) => cells.slice(0, -2))))[0])
    .join('\n');
}

function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, textWidth(cell));
    });
  return widths;
}

function alignedLines(rows: readonly (readonly string[])[], widths = columnWidths(rows)): string[] {
  return rows.map((row) =>
    `  ${row.map((cell, column) => padToWidth(cell, widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
}

/** Parts of a title on one line, with dots between them, or a line for each where the screen is too narrow. */
export function title(parts: readonly string[], columns: number): string {
  const line = parts.join(' · ');
  return textWidth(line) <= columns ? line : parts.join('\n');
}

/** A bar of up to `size` cells for a share of 0..1, to an eighth of a cell. */
export function bar(share: number, size: number): string {
  const eighths = Math.round(share * size * 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return '█'.repeat(Math.floor(eighths / 8)) + part;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)}%`;
}

/** Text in at most `size` cells of the screen. */
export function shorten(text: string, size: number): string {
  if (textWidth(text) <= size) return text;
  let head = '';
  for (const character of charactersOf(text)) {
    if (textWidth(head + character) > size - 1) break;
    head += character;
  }
  return `${head}…`;
}
