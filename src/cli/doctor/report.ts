/** What `doctor` prints. */

import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import type { BackendReport, Kind, OfEach } from './examine.js';

/** All that is told. */
export interface Report {
  readonly version: string;
  readonly node: string;
  readonly system: string;
  readonly packages: Readonly<Record<string, string>>;
  /** Packages that are not there, or do not load, and why. */
  readonly absent: Readonly<Record<string, string>>;
  readonly backends: readonly BackendReport[];
}

const KINDS: readonly Kind[] = ['engine', 'cuDNN', 'tf ops'];
const NUMBERS = KINDS.map((title) => ({ title, align: 'right' }) as const);

export function writeReport(terminal: Terminal, report: Report): void {
  const { version, node, system, packages, absent, backends } = report;
  terminal.line(terminal.style('bold', `tfjs-torch-rnn ${version}, Node ${node}, ${system}`));
  for (const [name, installed] of Object.entries(packages)) terminal.line(`  ${name} ${installed}`);
  for (const [name, reason] of Object.entries(absent)) terminal.line(`  ${name}: ${reason}`);
  for (const backend of backends) writeBackend(terminal, backend);
}

function writeBackend(terminal: Terminal, report: BackendReport): void {
  const { backend, tensorflow, kernels, differences, timings } = report;
  const library = tensorflow === undefined ? '' : `, TensorFlow ${tensorflow}`;
  terminal.line();
  terminal.line(terminal.style('bold', `${backend}${library}`));
  terminal.line(`  ${kernels}`);
  const exactness = Object.entries(differences).map(([cell, each]) => [cell, ...numbersOf(each, 2)]);
  writeTable(terminal, "relative difference from the engine's on cpu", exactness);
  const speed = timings.map((timing) => [timing.case, ...numbersOf(timing.milliseconds, 3), timing.auto]);
  writeTable(terminal, 'milliseconds of a GRU, x made by an op', speed, [{ title: "'auto' takes" }]);
}

function numbersOf(each: OfEach, digits: number): string[] {
  return KINDS.map((kind) => each[kind]?.toPrecision(digits) ?? '-');
}

function writeTable(
  terminal: Terminal,
  title: string,
  rows: readonly (readonly string[])[],
  more: readonly { readonly title: string }[] = [],
): void {
  terminal.line();
  for (const line of tableLines([{ title }, ...NUMBERS, ...more], rows)) terminal.line(`  ${line}`);
}
