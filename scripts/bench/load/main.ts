/**
 * How fast weight files are loaded, beside safetensors.torch.load_file and torch.load on the same files, in turns. Files are in
 * the page cache; a load ends when a byte of every page of the tensors has been read.
 *
 *     TORCH_PYTHON=... npm run bench:load -- [--rounds N] [--quick]
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { LineProcess } from '../../support/line-process.js';
import { readInteger } from '../../support/options.js';
import { runCommand } from '../../support/run-command.js';
import { describeMachine } from '../machine.js';
import { digits, machineText, table } from '../report.js';
import { median, summarizeRatio } from '../stats.js';

interface Case {
  readonly name: string;
  readonly dtype: 'f32' | 'f16' | 'bf16';
  readonly tensors: number;
  /** Of each tensor. */
  readonly elements: number;
}

const CASES: readonly Case[] = [
  { name: '1 MB', dtype: 'f32', tensors: 10, elements: 26_000 },
  { name: '100 MB', dtype: 'f32', tensors: 20, elements: 1_310_000 },
  { name: '10,000 tensors', dtype: 'f32', tensors: 10_000, elements: 64 },
];

/** 50 million elements each. */
const CONVERSIONS: readonly Case[] = [
  { name: 'F16', dtype: 'f16', tensors: 20, elements: 2_500_000 },
  { name: 'BF16', dtype: 'bf16', tensors: 20, elements: 2_500_000 },
];

/** Python's ways to load. load_file maps the file, which Node cannot; the fair comparison is a load of its bytes. */
const WAYS = [
  { ending: '.safetensors', command: 'load_file', title: 'safetensors, load_file' },
  { ending: '.safetensors', command: 'load_bytes', title: 'safetensors, load of its bytes' },
  { ending: '.pt', command: 'load_torch', title: '.pt, torch.load' },
] as const;

/** Rounds that are not counted: the first loads compile. */
const WARM_ROUNDS = 5;

type Request = { readonly command: string; readonly path: string; readonly way?: string } & Partial<Case>;

interface Made {
  readonly sizes: Readonly<Record<(typeof WAYS)[number]['ending'], number>>;
}

class Peer {
  private readonly process: LineProcess;

  constructor(command: string, args: readonly string[]) {
    this.process = new LineProcess(command, args);
  }

  async answer<T>(): Promise<T> {
    const line = await this.process.nextLine();
    if (line === undefined) throw new Error(`a peer has ended: ${this.process.lastWords}`);
    return JSON.parse(line) as T;
  }

  async ask<T>(request: Request): Promise<T> {
    this.process.send(request);
    return this.answer<T>();
  }

  end(): void {
    this.process.end();
  }
}

interface Peers {
  readonly ours: Peer;
  readonly python: Peer;
}

function startPython(): Peer {
  const script = fileURLToPath(new URL('./python_peer.py', import.meta.url));
  return new Peer(process.env.TORCH_PYTHON ?? 'python3', [script]);
}

function startOurs(): Peer {
  const script = fileURLToPath(new URL('./node_peer.mjs', import.meta.url));
  return new Peer(process.execPath, ['--expose-gc', script]);
}

interface Loaded {
  readonly seconds: number;
  readonly tensors: number;
}

async function compare(
  { ours, python }: Peers,
  path: string,
  command: string,
  rounds: number,
): Promise<string[]> {
  const [own, others]: [number[][], number[][]] = [[], []];
  for (let round = -WARM_ROUNDS; round < rounds; round++) {
    const a = await ours.ask<Loaded>({ command: 'load', path });
    const b = await python.ask<Loaded>({ command, path });
    if (a.tensors !== b.tensors)
      throw new Error(`${path}: ${a.tensors} tensors here, ${b.tensors} in Python`);
    if (round < 0) continue;
    own.push([1000 * a.seconds]);
    others.push([1000 * b.seconds]);
  }
  const ratio = summarizeRatio(own, others);
  return [
    digits(median(own.flat())),
    digits(median(others.flat())),
    `${digits(ratio.median)} (${digits(ratio.p10)} - ${digits(ratio.p90)})`,
  ];
}

/** Growth of a fresh process, in units of the file's size. */
async function peakOf(start: () => Peer, command: string, path: string, bytes: number): Promise<string> {
  const peer = start();
  await peer.answer();
  const { grown } = await peer.ask<{ grown: number }>({ command: 'peak', path, way: command });
  peer.end();
  return digits(grown / bytes);
}

async function compareCase(peers: Peers, one: Case, folder: string, rounds: number): Promise<string[][]> {
  const path = join(folder, one.name.replace(/\W/g, '-'));
  const { sizes } = await peers.python.ask<Made>({ ...one, command: 'make', path });
  const rows: string[][] = [];
  for (const { ending, command, title } of WAYS) {
    const file = `${path}${ending}`;
    const row = [`${one.name} ${title}`, ...(await compare(peers, file, command, rounds))];
    const bytes = sizes[ending];
    // The growth by a small file is lost in that of the process.
    if (bytes > 5e7) {
      row.push(
        await peakOf(startOurs, command, file, bytes),
        await peakOf(startPython, command, file, bytes),
      );
    }
    rows.push(row);
  }
  return rows;
}

async function convertCase(
  { ours, python }: Peers,
  one: Case,
  folder: string,
  rounds: number,
): Promise<string[]> {
  const path = join(folder, one.name);
  await python.ask({ ...one, command: 'make', path });
  const rates: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const file = `${path}.safetensors`;
    const { seconds, elements } = await ours.ask<{ seconds: number; elements: number }>({
      command: 'convert',
      path: file,
    });
    if (round >= 0) rates.push(elements / seconds / 1e6);
  }
  return [`${one.name} to F32`, digits(median(rates))];
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '15' }, quick: { type: 'boolean', default: false } },
  });
  const rounds = values.quick ? 2 : readInteger('--rounds', values.rounds, 1);
  const folder = await mkdtemp(join(tmpdir(), 'bench-load-'));
  const peers = { ours: startOurs(), python: startPython() };
  try {
    const versions = [];
    for (const peer of [peers.ours, peers.python])
      versions.push((await peer.answer<{ versions: string }>()).versions);
    console.log(`${machineText(describeMachine())}\n${versions.join(', ')}`);
    const rows = [];
    for (const one of CASES) rows.push(...(await compareCase(peers, one, folder, rounds)));
    const header = ['', 'ms', "Python's ms", "x Python's (p10 - p90)", 'memory / file', "Python's"];
    console.log(`\n${table([header, ...rows])}`);
    const conversions = [];
    for (const one of CONVERSIONS) conversions.push(await convertCase(peers, one, folder, rounds));
    console.log(`\n${table([['', 'million elements a second'], ...conversions])}`);
  } finally {
    peers.ours.end();
    peers.python.end();
    await rm(folder, { recursive: true });
  }
}

await runCommand(main);
