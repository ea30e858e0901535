/** Tables on standard output. */

import { type Column, tableLines } from '../../src/cli/table.js';
import { type CellName, caseTitle, type Mode, networkTitle } from './cases.js';
import type { Growth } from './growth.js';
import type { Machine } from './machine.js';
import { isBusy } from './machine.js';
import type { Overhead } from './overhead.js';
import { type CaseResult, type PeerRows, type Row, rowsByPeer, type ThreadsResult } from './results.js';
import { geometricMean, type Summary } from './stats.js';

/** Three significant digits, without an exponent. */
export function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** The titles of columns, and rows; the first column to the left, the others to the right. */
export function table([titles = [], ...rows]: readonly (readonly string[])[]): string {
  const columns = titles.map((title, i): Column => ({ title, align: i === 0 ? 'left' : 'right' }));
  return tableLines(columns, rows).join('\n');
}

export function machineText(machine: Machine): string {
  const { cpu, cores, memoryGiB, system, node, load } = machine;
  const line = `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}, load ${load.toFixed(2)}`;
  return isBusy(machine) ? `${line}\nThe machine is busy with something else: times will scatter.` : line;
}

/** `tfjs 4.22.0, torch 2.13.0`. */
export function versionsText(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

export function caseText(result: CaseResult): string {
  const { case: benchCase, rows } = result;
  const { inputSize, hiddenSize, layers, directions, batch, steps } = benchCase;
  const sizes = `I ${inputSize}, H ${hiddenSize}, L ${layers}, D ${directions}, B ${batch}, T ${steps}`;
  const header = ['', 'threads', 'ms', 'p10 - p90', 'CPU ms', 'calls', 'x ours', 'p10 - p90', 'error'];
  const notes = rows.flatMap(({ title, threads, fault, ran }) => {
    const note = fault ?? (ran === undefined ? undefined : `ran ${ran}`);
    return note === undefined ? [] : [`${title.trim()}, ${threads} thread(s): ${note}`];
  });
  const title = `${caseTitle(benchCase)}${besideText([result])}: ${sizes}`;
  return [title, table([header, ...rows.map(rowCells)]), ...notes].join('\n');
}

function rowCells({ title, threads, times, cpu, ratio, error }: Row): string[] {
  if (!times) return [title, String(threads), '-'];
  return [
    title,
    String(threads),
    digits(times.median),
    `${digits(times.p10)} - ${digits(times.p90)}`,
    cpu === undefined ? '' : digits(cpu),
    String(times.count),
    ratio ? digits(ratio.median) : '',
    ratio ? `${digits(ratio.p10)} - ${digits(ratio.p90)}` : '',
    error === undefined ? '' : error.toExponential(0),
  ];
}

/** Time of each peer in units of this package's: a row for each peer, a column for each shape. */
export function ratioText(results: readonly CaseResult[], cell: CellName, mode: Mode): string | undefined {
  const chosen = results.filter((result) => result.case.cell === cell && result.case.mode === mode);
  const peers = rowsByPeer(chosen);
  if (peers.length === 0) return undefined;
  const header = ['', ...chosen.map((result) => result.case.name), 'geometric mean', 'least'];
  const lines = peers.map((peer) => {
    const cells = chosen.map((result) => {
      const row = peer.rows.find((one) => one.case === result.case)?.row;
      return row?.fault === undefined ? (row?.ratio ? digits(row.ratio.median) : '') : '-';
    });
    const overall = overallRatio(peer);
    const ends = overall ? [digits(overall.mean), digits(overall.least)] : ['', ''];
    return [`${peerTitle(peer)}, ${threadsTitle(peer)}`, ...cells, ...ends];
  });
  return [`${cell.toUpperCase()} ${mode}, ${unitText(results)}`, table([header, ...lines])].join('\n');
}

/** A line for each peer, mode and number of threads, over all cells and shapes. */
export function overallText(results: readonly CaseResult[]): string | undefined {
  const lines = rowsByPeer(results).flatMap((peer) => {
    const overall = overallRatio(peer);
    if (!overall) return [];
    const { mean, least, leastCase } = overall;
    const ratios = `geometric mean ${digits(mean)}, least ${digits(least)} (${networkTitle(leastCase)})`;
    return [`${peerTitle(peer)}, ${peer.mode}, ${threadsTitle(peer)}: ${ratios}`];
  });
  if (lines.length === 0) return undefined;
  return [`All cells and shapes, ${unitText(results)}`, ...lines].join('\n');
}

/** Undefined where it has no ratio. */
function overallRatio({ rows }: PeerRows) {
  const ratios = rows
    .flatMap(({ case: benchCase, row: { ratio } }) => (ratio ? [{ benchCase, ratio: ratio.median }] : []))
    .sort((a, b) => a.ratio - b.ratio);
  const [least] = ratios;
  if (!least) return undefined;
  const mean = geometricMean(ratios.map(({ ratio }) => ratio));
  return { mean, least: least.ratio, leastCase: least.benchCase };
}

/** A peer may have another title with each cell. */
function peerTitle({ rows }: PeerRows): string {
  return [...new Set(rows.map(({ row }) => row.title.trim()))].join('/');
}

function threadsTitle({ threads }: PeerRows): string {
  return `${threads} thread${threads === 1 ? '' : 's'}`;
}

function unitText(results: readonly CaseResult[]): string {
  return `time in units of tfjs-torch-rnn with as many threads${besideText(results)}`;
}

/** For titles, of results of one run. */
export function besideText([result]: readonly CaseResult[]): string {
  return result?.isBusy ? ', beside one busy process' : '';
}

/** Milliseconds, and how much more a unit of length costs than at the longest: 1 where cost is proportional. */
export function growthText({ what, mode, points }: Growth): string {
  const perUnit = points.map(({ size, milliseconds }) => milliseconds / size);
  const last = perUnit.at(-1) as number;
  return [
    `GRU ${mode}, cost by ${what}`,
    table([
      [what, ...points.map(({ size }) => String(size))],
      ['ms', ...points.map(({ milliseconds }) => digits(milliseconds))],
      [`us per ${what}`, ...perUnit.map((value) => digits(value * 1000))],
      ['of the last', ...perUnit.map((value) => digits(value / last))],
    ]),
  ].join('\n');
}

export function overheadText({ raw, forward, read }: Overhead): string {
  const row = (title: string, { median, p10, p90 }: Summary, above: string) => [
    title,
    digits(median),
    `${digits(p10)} - ${digits(p90)}`,
    above,
  ];
  return [
    'One step of 8 units, us a call',
    table([
      ['', 'us', 'p10 - p90', 'above the engine'],
      row("the engine's function", raw, ''),
      row('layer.forward', forward, digits(forward.median - raw.median)),
      row('layer.forward, results read', read, digits(read.median - raw.median)),
    ]),
  ].join('\n');
}

export function threadsText(results: readonly ThreadsResult[]): string {
  const rows = results.map(({ case: benchCase, isBusy, milliseconds, ratio, bursts, leftOut }) => [
    caseTitle(benchCase),
    isBusy ? 'busy' : 'alone',
    ratio ? digits(milliseconds) : '-',
    ratio ? digits(ratio.median) : '-',
    ratio ? `${digits(ratio.p10)} - ${digits(ratio.p90)}` : '',
    `${leftOut} of ${bursts}`,
  ]);
  return [
    'Two threads, time in units of that on one, alone and beside one busy process',
    table([['', 'beside', 'ms on one', 'x one', 'p10 - p90', 'bursts left out'], ...rows]),
  ].join('\n');
}
