/** Text for the terminal: columns, bars, and colour where somebody is looking. */

import { stripVTControlCharacters } from 'node:util';

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

/** Rows of cells as lines of left-aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, width(cell));
    });
  const line = (row: readonly string[]) =>
    row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - width(cell))).join('  ');
  return rows.map((row) => `  ${line(row)}`.trimEnd()).join('\n');
}

/** Characters on the screen: accents written as code points of their own take no room. */
function width(cell: string): number {
  return Array.from(stripVTControlCharacters(cell).normalize('NFC')).length;
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

export function shorten(text: string, size: number): string {
  const characters = Array.from(text);
  return characters.length > size ? `${characters.slice(0, size - 1).join('')}…` : text;
}
