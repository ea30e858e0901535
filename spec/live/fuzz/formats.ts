/** Makes and changes files of each format. */

import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { openZip } from '../../../src/state-dict/formats/zip/archive.js';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { torchZip } from '../../state-dict/formats/torch/support.js';
import {
  contentOf,
  opened,
  readAll,
  type TestEntry,
  writeZip,
} from '../../state-dict/formats/zip/support.js';
import type { Random } from '../../support/random.js';
import { randomGraph } from './graphs.js';
import { mutated, spliced } from './mutations.js';
import { mutatedPickles, takeApart } from './pickles.js';
import { sharedStructures } from './shared.js';
import { mutatedText } from './text-mutations.js';

/** A file to read. */
export interface FuzzInput {
  readonly bytes: Uint8Array;
  /** The tensors of the file unless it is refused: a checksum covers all changed bytes. */
  readonly expected?: StateDict;
}

export type MakeInput = (random: Random) => FuzzInput;

const FIXTURES = new URL('../../fixtures/', import.meta.url);

function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, FIXTURES)));
}

const SAFETENSORS = [
  ...readdirSync(new URL('safetensors/vectors/', FIXTURES)).map((name) =>
    fixture(`safetensors/vectors/${name}`),
  ),
  fixture('safetensors/reference/every_dtype.safetensors'),
  fixture('cli/layers.safetensors'),
].filter((bytes) => bytes.length > 8);

const SOUND_SAFETENSORS = SAFETENSORS.filter((bytes) => tensorsOf(bytes) !== undefined);

const JSON_TEXTS = [
  '{"epoch": 3, "state_dict": {"w": [[1.5, -2e3], [NaN, Infinity]], "b": [true, false], "s\\u00e9": 7}}',
  '{"w": {"shape": [2, 1], "dtype": "torch.int64", "data": [9007199254740993, -1]}, "n": {"shape": [], "data": [3]}}',
  '{"h": {"dtype": "F16", "data": "ADwAwA==", "shape": [2]}, "b": {"dtype": "bfloat16", "data": [1, -0.5], "shape": [2]}}',
].map((text) => new Uint8Array(Buffer.from(text)));

const FOUND = ['modules', 'pickles', 'numpy'].flatMap((folder) =>
  readdirSync(new URL(`found-files/${folder}/`, FIXTURES)).map((name) => `found-files/${folder}/${name}`),
);

const TORCH_ZIPS = [
  ...['modules/net.pt', 'modules/training.pt', 'numpy/beside.pt'].map((name) =>
    fixture(`found-files/${name}`),
  ),
  ...[
    'big_endian.pt',
    'checkpoint.pt',
    'dtypes.pt',
    'lightning.ckpt',
    'list.pt',
    'module.pt',
    'parameters.pt',
    'protocol4.pt',
    'refused.pt',
    'scripted.pt',
    'state_dict.pt',
    'tensor.pt',
    'views.pt',
  ].map((name) => fixture(`torch-files/${name}`)),
];

/** What pickle.dump wrote, in each protocol. */
const DUMPED = FOUND.filter((name) => name.endsWith('.pkl')).map(fixture);

const LEGACY = ['legacy.pt', 'legacy_dtypes.pt', 'legacy_views.pt'].map((name) =>
  fixture(`torch-files/${name}`),
);
/** Magic number, protocol, system, the object, the keys of its storages. */
const LEGACY_PICKLES = 5;

/** Weights beside graphs, whose text is changed too. */
const PROGRAMS = ['tied.pt2', 'weights.pt2', 'states.pt2'].map((name) => fixture(`program/${name}`));

const NPZ = ['arrays.npz', 'compressed.npz', 'refused.npz'].map((name) => fixture(`numpy/${name}`));
const NPY = [
  ...['unnamed.npy', 'version1.npy', 'version2.npy', 'version3.npy'].map((name) => fixture(`numpy/${name}`)),
  ...NPZ.flatMap((bytes) => entriesOf(bytes).map(({ data }) => data)),
  ...FOUND.filter((name) => name.endsWith('.npy')).map(fixture),
];

const SMALL = 4000;
const GZIPPED = [...SAFETENSORS, ...JSON_TEXTS, ...TORCH_ZIPS, ...LEGACY, ...NPZ, ...NPY].filter(
  ({ length }) => length <= SMALL,
);

/** Names and contents of the entries of a sound archive. */
function entriesOf(bytes: Uint8Array): TestEntry[] {
  const content = contentOf(readAll(openZip(opened(bytes)), bytes), bytes);
  return [...content].map(([name, data]) => ({ name, data }));
}

/** The tensors of a file; undefined where the unchanged file is refused already. A changed copy need not be refused. */
function tensorsOf(bytes: Uint8Array): StateDict | undefined {
  try {
    return parseStateDict(bytes);
  } catch {
    return undefined;
  }
}

/** Reads each file once, and remembers its tensors. */
function known(files: readonly Uint8Array[]): (bytes: Uint8Array) => StateDict | undefined {
  const tensors = new Map(files.map((bytes) => [bytes, tensorsOf(bytes)]));
  return (bytes) => tensors.get(bytes);
}

/** Changes the header and corrects its length, or changes any bytes. */
function safetensors(random: Random): FuzzInput {
  const bytes = random.pick(random.chance(0.8) ? SOUND_SAFETENSORS : SAFETENSORS);
  const donor = () => random.pick(SAFETENSORS);
  const length = Number(Buffer.from(bytes).readBigUInt64LE());
  if (random.chance(0.3) || length > bytes.length - 8) return { bytes: mutated(bytes, random, donor) };
  const header = mutatedText(bytes.subarray(8, 8 + length), random, donor, [
    '"F32"',
    '"F4"',
    '"BOOL"',
    '[0,0]',
  ]);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return { bytes: new Uint8Array(Buffer.concat([size, header, bytes.subarray(8 + length)])) };
}

function json(random: Random): FuzzInput {
  const donor = () => random.pick(JSON_TEXTS);
  return {
    bytes: mutatedText(random.pick(JSON_TEXTS), random, donor, ['"F32"', '"torch.float16"', '"AAAA"']),
  };
}

/** An archive states twice what no checksum covers, so no changed byte gives other tensors. */
function archiveOf(
  files: readonly Uint8Array[],
  change: (entry: TestEntry, random: Random) => TestEntry,
): MakeInput {
  const expected = known(files);
  const taken = files.map(entriesOf);
  return (random) => {
    const bytes = random.pick(files);
    if (random.chance(0.4)) {
      return { bytes: mutated(bytes, random, () => random.pick(files)), expected: expected(bytes) };
    }
    return { bytes: rewritten(taken[files.indexOf(bytes)] as TestEntry[], random, change) };
  };
}

/** Changes, removes, doubles or exchanges entries, and writes them in any form that archives have. */
function rewritten(
  entries: readonly TestEntry[],
  random: Random,
  change: (entry: TestEntry, random: Random) => TestEntry,
): Uint8Array {
  const list = [...entries];
  const at = random.integer(0, list.length - 1);
  const entry = list[at] as TestEntry;
  const kind = random.integer(0, 9);
  if (kind === 0) list.splice(at, 1);
  else if (kind === 1) list.push(entry);
  else if (kind === 2) list[at] = { ...entry, data: random.pick(list).data };
  else if (kind === 3) list[at] = { ...entry, name: mutated(Buffer.from(entry.name), random) };
  else list[at] = change(entry, random);
  return writeZip(
    list.map((one) => formed(one, random)),
    { zip64End: random.chance(0.3) },
  ).bytes;
}

function formed(entry: TestEntry, random: Random): TestEntry {
  return {
    ...entry,
    deflate: random.chance(0.1),
    descriptor: random.pick([0, 0, 12, 16, 20, 24] as const),
    zip64: random.chance(0.1),
    ...(random.chance(0.3) && { padding: random.integer(0, 64) }),
  };
}

function changedData(entry: TestEntry, random: Random): TestEntry {
  return { ...entry, data: mutated(entry.data, random) };
}

/** Changes the pickle of an archive instruction by instruction, or replaces it by random containers. */
function pickle(): MakeInput {
  const archives = TORCH_ZIPS.map(entriesOf).map((entries) => {
    const main = entries.findIndex(({ name }) => /\/data\.pkl$/.test(`${name}`));
    return { entries, main, pickles: takeApart((entries[main] as TestEntry).data) };
  });
  return (random) => {
    if (random.chance(0.2)) {
      return { bytes: torchZip(randomGraph(random), { 'data/0': new Uint8Array(16) }) };
    }
    const { entries, main, pickles } = random.pick(archives);
    const data = mutatedPickles(pickles, random, random.pick(archives).pickles);
    return { bytes: writeZip(entries.map((entry, i) => (i === main ? { ...entry, data } : entry))).bytes };
  };
}

function legacy(): MakeInput {
  const files = LEGACY.map((bytes) => takeApart(bytes, LEGACY_PICKLES));
  return (random) => {
    if (random.chance(0.4)) return { bytes: mutated(random.pick(LEGACY), random, () => random.pick(LEGACY)) };
    return { bytes: mutatedPickles(random.pick(files), random, random.pick(files)) };
  };
}

function dumped(): MakeInput {
  const files = DUMPED.map((bytes) => takeApart(bytes));
  return (random) => {
    if (random.chance(0.4)) return { bytes: mutated(random.pick(DUMPED), random, () => random.pick(DUMPED)) };
    return { bytes: mutatedPickles(random.pick(files), random, random.pick(files)) };
  };
}

function npy(random: Random): FuzzInput {
  const bytes = random.pick(NPY);
  const donor = () => random.pick(NPY);
  if (random.chance(0.3)) return { bytes: mutated(bytes, random, donor) };
  // Magic, version, length of the header, and the header: a dict as Python writes it.
  const begin = bytes[6] === 1 ? 10 : 12;
  const view = Buffer.from(bytes);
  const length = begin === 10 ? view.readUInt16LE(8) : view.readUInt32LE(8);
  const header = mutatedText(view.subarray(begin, begin + length), random, donor, [
    "'<f4'",
    "'>i8'",
    "'|O'",
    'True',
  ]);
  const changed = Buffer.from(spliced(view, begin, length, header));
  if (begin === 10) changed.writeUInt16LE(header.length & 0xffff, 8);
  else changed.writeUInt32LE(header.length, 8);
  return { bytes: changed };
}

function gzip(): MakeInput {
  const expected = known(GZIPPED);
  return (random) => {
    const bytes = random.pick(GZIPPED);
    const level = random.integer(0, 9);
    if (random.chance(0.3)) return { bytes: gzipSync(mutated(bytes, random), { level }) };
    return { bytes: mutated(gzipSync(bytes, { level }), random), expected: expected(bytes) };
  };
}

/** The formats by name; random choices alone decide an input. */
export const FORMATS: Readonly<Record<string, MakeInput>> = {
  safetensors,
  json,
  torch: archiveOf(TORCH_ZIPS, changedData),
  program: archiveOf(PROGRAMS, changedData),
  pickle: pickle(),
  legacy: legacy(),
  dumped: dumped(),
  npz: archiveOf(NPZ, changedData),
  npy,
  gzip: gzip(),
  shared: sharedStructures,
};
