/** Models in several files with an index beside them, as `save_pretrained` writes large ones. */

import { message, show, showFirst } from '../check.js';
import type { FormatError } from '../errors.js';
import { OPTION_WORDS, type PathWords } from './choose/path-words.js';
import { selectNames } from './choose/select.js';
import type { UnopenedFile } from './formats/checkpoint.js';
import { detectFormat } from './formats/detect.js';
import { JsonReader } from './formats/json/reader.js';
import { withHead } from './formats/open.js';
import { type Ties, tiesIn } from './formats/safetensors/ties.js';
import { keepFacts } from './module-facts.js';
import { type Reading, readRange } from './reading/reading.js';
import { joinAbout, naming, type ReadReport, tell } from './report.js';
import { formatError } from './rules/format-codes.js';
import { tooManyTensors } from './rules/limits.js';
import { checkInside, foldersAround } from './sources/disk/links.js';
import type { NodeFs } from './sources/disk/node-fs.js';
import { type Located, locate, type Place } from './sources/locate.js';
import { readSource, runSource, type SourceOptions } from './sources/read-source.js';
import type { StateDict, TorchTensor } from './tensors/tensor.js';

const WHERE = 'index';

/** Names of an index in a folder, the safer format first. */
const INDEX_NAMES = ['model.safetensors.index.json', 'pytorch_model.bin.index.json'];

/** Most files of one model. The largest public ones have a few hundred. */
const MAX_SHARDS = 10_000;

/** Names of shards come from the file: no separator, drive, escape or wild card of any system is allowed. */
const PLAIN_NAME = /^[A-Za-z0-9._-]{1,255}$/;

/** Deepest nesting of other values in an index. */
const MAX_DEPTH = 32;

/** Which file each tensor is in, in the order of the index. */
export type WeightMap = ReadonlyMap<string, string>;

/** Whether a path names an index. */
export function isIndexName(path: string): boolean {
  return /\.index\.json$/i.test(path);
}

/** A file with tensors, or the index of a model in several files. */
export interface Resolved {
  readonly kind: 'file' | 'index';
  readonly located: Located;
}

/** An index by its name, or in the folder that is named; else a file. */
export async function resolveSource(located: Located): Promise<Resolved> {
  const { place } = located;
  if (place !== undefined && isIndexName(pathOf(place))) return { kind: 'index', located };
  const index = await indexIn(located);
  return index ? { kind: 'index', located: index } : { kind: 'file', located };
}

/** The index in a folder; undefined of any other place. */
async function indexIn({ caller, place }: Located): Promise<Located | undefined> {
  if (place?.fs === undefined) return undefined;
  const stats = await place.fs.stat(toPath(place.text)).catch(() => undefined);
  if (!stats?.isDirectory()) return undefined;
  for (const name of INDEX_NAMES) {
    const path = `${place.text.replace(/[/\\]$/, '')}/${name}`;
    if (await place.fs.realpath(toPath(path)).catch(() => undefined)) return locate(caller, path);
  }
  return undefined;
}

/**
 * Reads the tensors that an index lists, or the selected ones, from the files beside it. Files without any of them are not
 * opened.
 *
 * @throws FormatError where the index is malformed or names anything but plain files beside it, and where a file lacks a tensor
 *   that it should hold or has one of another file.
 * @throws Error with the names of all missing files.
 */
export async function readSharded(index: Located, options: SourceOptions): Promise<StateDict> {
  const { onReport, sha256 } = options;
  if (sha256 !== undefined) {
    const remedy = 'Check the files of the model one by one';
    throw new RangeError(message(index.where, 'sha256', 'a model in one file', 'one in several', remedy));
  }
  const model = await readIndex(index, options);
  const { weightMap, ties, names, shards } = model;
  const wanted = new Set(names.map((name) => ties.get(name) ?? name));
  const all = [...names];
  const listed = namesByShard(weightMap);
  const found = new Map<string, TorchTensor>();
  const reports = new Map<string, ReadReport>();
  const lost: string[] = [];
  for (const [shard, located] of shards) {
    let unlisted: Unlisted = { tied: [], warnings: [] };
    const tensors = await readSource(located, {
      ...options,
      words: withoutWays(options.words),
      onRead: (report, lostHere) => {
        reports.set(shard, { ...report, warnings: [...report.warnings, ...unlisted.warnings] });
        lost.push(...naming(shard, [...lostHere, ...unlisted.warnings]));
      },
      selectNames: (held, tiesHere) => {
        checkHeld(shard, held, listed.get(shard) ?? [], weightMap);
        unlisted = unlistedIn(held, tiesHere, model, options.select);
        const more = new Set(unlisted.tied);
        for (const name of more) all.push(name);
        return held.filter((name) => wanted.has(name) || more.has(name));
      },
    });
    for (const [name, tensor] of tensors) found.set(name, tensor);
  }
  const about = joinAbout(reports);
  tell(index.where, { ...about, tensors: found.size }, lost, onReport);
  const stateDict = new Map(all.map((name) => [name, found.get(ties.get(name) ?? name) as TorchTensor]));
  keepFacts(stateDict, about.modules);
  return stateDict;
}

/** A path that reads more of one file would not find what the index lists of it and of the others. */
export function withoutWays(words: PathWords = OPTION_WORDS): PathWords {
  return { ...words, way: () => undefined };
}

/** What a file holds that the index does not list. */
export interface Unlisted {
  /** Names that the metadata of the file tie to its tensors, which are read. */
  readonly tied: readonly string[];
  /** A sentence about the tensors that are left out, if there are any. */
  readonly warnings: readonly string[];
}

/** The index does not list what the metadata of a file name, so only a whole model has it. */
export function unlistedIn(
  held: readonly string[],
  tiesHere: Ties,
  { weightMap, ties }: Pick<ModelIndex, 'weightMap' | 'ties'>,
  select: readonly string[] | undefined,
): Unlisted {
  const unlisted = held.filter((name) => !weightMap.has(name));
  const tied = unlisted.filter((name) => tiesHere.has(name) && !ties.has(name));
  const others = unlisted.filter((name) => !tiesHere.has(name));
  const warning = `Left out, because the index does not list it: ${showFirst(others, show)}.`;
  return { tied: select === undefined ? tied : [], warnings: others.length > 0 ? [warning] : [] };
}

/** The tensors that the index says are in each file. */
function namesByShard(weightMap: WeightMap): ReadonlyMap<string, readonly string[]> {
  const byShard = new Map<string, string[]>();
  for (const [name, shard] of weightMap) {
    const names = byShard.get(shard);
    if (names) names.push(name);
    else byShard.set(shard, [name]);
  }
  return byShard;
}

/** An index, and the files with the requested tensors. */
export interface ModelIndex {
  readonly weightMap: WeightMap;
  /** Names in the metadata of the index that stand for a tensor. */
  readonly ties: Ties;
  /** The requested tensors, in the order of the index; ties last. */
  readonly names: readonly string[];
  /** Their files, by name. */
  readonly shards: ReadonlyMap<string, Located>;
}

/** Reads an index, and finds the files of the selected tensors. */
export async function readIndex(index: Located, options: SourceOptions): Promise<ModelIndex> {
  const { limits, signal, select, headers, fetch } = options;
  const { caller, where } = index;
  const { weightMap, ties } = await runSource(
    index,
    { limits, signal, headers, fetch },
    false,
    readIndexFile,
  );
  const names = selectNames(where, [...weightMap.keys(), ...ties.keys()], select);
  const files = [...new Set(names.map((name) => weightMap.get(ties.get(name) ?? name) as string))];
  const place = index.place ?? { text: '' };
  if (place.fs) await checkFiles(where, place.fs, place, files);
  return {
    weightMap,
    ties,
    names,
    shards: new Map(files.map((file) => [file, locate(caller, beside(place, file))])),
  };
}

function readIndexFile(file: UnopenedFile): Reading<IndexFile> {
  return withHead(file, function* (opened) {
    const { head, size } = opened;
    // Other formats are reported as what they are: a page that says "not found", a Git LFS pointer.
    if (detectFormat(head) !== 'json') throw noIndex('another format');
    return parseIndex(yield* readRange(0, size), opened);
  });
}

/** A file must hold the tensors that the index lists for it, and none of another file: one of the two would be wrong. */
function checkHeld(
  shard: string,
  held: readonly string[],
  listed: readonly string[],
  weightMap: WeightMap,
): void {
  const all = new Set(held);
  const missing = listed.find((name) => !all.has(name));
  if (missing !== undefined) {
    throw formatError('MISSING_PART', WHERE, `tensor ${show(missing)}`, 'one in this file', 'none');
  }
  for (const name of held) {
    const owner = weightMap.get(name) ?? shard;
    if (owner === shard) continue;
    const rule = `it in ${show(owner)} alone`;
    throw formatError('DUPLICATE_NAME', WHERE, `tensor ${show(name)}`, rule, 'one in this file too');
  }
}

/** A file in the folder of the index. */
function beside(place: Place, name: string): string {
  const path = pathOf(place);
  return `${path.slice(0, Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)}${name}`;
}

/** Without the query of a URL, which belongs to that one file. In browsers a URL may have no scheme. */
function pathOf({ text, fs }: Place): string {
  const isUrl = fs === undefined || /^file:/i.test(text);
  return isUrl ? text.replace(/[?#].*$/, '') : text;
}

function toPath(text: string): string | URL {
  return /^file:/i.test(text) ? new URL(text) : text;
}

/** Checks that every file exists, and is in the folder of the index. */
async function checkFiles(where: string, fs: NodeFs, place: Place, shards: readonly string[]): Promise<void> {
  const at = (name: string): string | URL => toPath(beside(place, name));
  const folders = await foldersAround(fs, toPath(place.text), at('.'));
  const missing: string[] = [];
  for (const shard of shards) {
    const isThere = await checkInside(fs, at(shard), folders, { where, what: show(shard), owner: 'index' });
    if (!isThere) missing.push(shard);
  }
  if (missing.length === 0) return;
  throw new Error(
    message(where, 'files', `all ${shards.length} beside it`, `none called ${showFirst(missing, show)}`),
  );
}

/** What an index says. */
export type IndexFile = Pick<ModelIndex, 'weightMap' | 'ties'>;

/** The `weight_map` of an index, and the ties in its metadata. Others are ignored, such as a total that is often wrong. */
export function parseIndex(bytes: Uint8Array, { limits, work }: UnopenedFile): IndexFile {
  const reader = new JsonReader(bytes, {
    where: 'json',
    unit: 'byte',
    maxDepth: MAX_DEPTH,
    work,
    pythonNumbers: true,
  });
  const weightMap = new Map<string, string>();
  const metadata = new Map<string, string>();
  const shards = new Set<string>();
  let isThere = false;
  if (reader.kind() !== 'object') throw noIndex(`a ${reader.kind()}`);
  reader.readObject((key) => {
    if (key === 'metadata' && reader.kind() === 'object') return void readTexts(reader, metadata);
    if (key !== 'weight_map' || reader.kind() !== 'object') return void reader.skipValue();
    isThere = true;
    reader.readObject((name) => {
      const shard = readShardName(reader, name);
      if (weightMap.size === limits.maxTensors) throw tooManyTensors(WHERE, 'weight_map', limits.maxTensors);
      if (shards.add(shard).size > MAX_SHARDS) {
        throw formatError('INVALID_STRUCTURE', WHERE, 'weight_map', `at most ${MAX_SHARDS} files`, 'more');
      }
      weightMap.set(name, shard);
    });
  });
  reader.expectEnd();
  if (!isThere) throw noIndex('no weight_map');
  if (weightMap.size === 0) throw noIndex('a weight_map of no tensors');
  return { weightMap, ties: tiesIn(metadata, (name) => weightMap.has(name)) };
}

/** The members of an object that are text. */
function readTexts(reader: JsonReader, texts: Map<string, string>): void {
  reader.readObject((name) => {
    if (reader.kind() === 'string') texts.set(name, reader.readString());
    else reader.skipValue();
  });
}

function readShardName(reader: JsonReader, name: string): string {
  const what = `weight_map ${show(name)}`;
  const rule = 'the plain name of a file beside the index';
  if (reader.kind() !== 'string') throw formatError('INVALID_STRUCTURE', WHERE, what, rule, reader.kind());
  const shard = reader.readString();
  if (PLAIN_NAME.test(shard) && !shard.includes('..') && shard !== '.') return shard;
  throw formatError('UNSAFE_NAME', WHERE, what, rule, show(shard));
}

function noIndex(got: string): FormatError {
  return formatError('INVALID_STRUCTURE', WHERE, 'root', 'an object with a weight_map', got);
}
