/** What a source holds, told from the parts that describe its tensors alone: no element is read, however large it is. */

import { type CheckpointPath, chooseDict, type TensorNode, tensorsAt } from './choose/dict.js';
import { selectNames } from './choose/select.js';
import type { OpenedFile, StoredTensor } from './formats/checkpoint.js';
import type { StateDictFormat } from './formats/detect.js';
import { decompressed } from './formats/gzip.js';
import { openCheckpoint } from './formats/open.js';
import type { Reading } from './reading/reading.js';
import { byFiles, openIndex } from './sharded.js';
import { type Located, locate, type StateDictSource, WHERE } from './sources/locate.js';
import { runSource, type SourceOptions } from './sources/read-source.js';
import { identityOf } from './tensors/bind.js';
import { byteLengthOf, elementCount } from './tensors/dtypes.js';
import type { TorchDtype } from './tensors/tensor.js';

/** A tensor without its elements. */
export interface TensorDescription {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  /** Of its elements, row-major. */
  readonly byteLength: number;
  /** An earlier tensor that is this one: tied weights, of which the file holds the bytes once. */
  readonly sameAs?: string;
}

export interface SourceDescription {
  readonly format: StateDictFormat;
  /** Files of the model that tensors were found in: 1, or those that an index lists. */
  readonly files: number;
  /** Keys from the root of the file to the dict that was taken. */
  readonly path: CheckpointPath;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /** Tensors that the file names and that cannot be read, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
  /** `__metadata__` of safetensors. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
  readonly unknownGlobals: readonly string[];
}

export type DescribeOptions = Pick<SourceOptions, 'limits' | 'path' | 'select' | 'signal'>;

/**
 * Describes the tensors of a source: of a file or of a model in several, chosen by `path` and `select` as
 * `readStateDict` chooses.
 *
 * Reads the parts of a file that say what it holds. Where no parts can be had, and of formats whose descriptions and
 * elements are one text, it reads the whole.
 *
 * @throws what `readStateDict` throws, but for tensors that cannot be read: those are listed.
 */
export async function describeSource(
  source: StateDictSource,
  options: DescribeOptions,
): Promise<SourceDescription> {
  return byFiles(locate(source), {
    one: (file) => describeFile(file, options),
    several: (index) => describeSharded(index, options),
  });
}

function describeFile(located: Located, options: DescribeOptions): Promise<SourceDescription> {
  return runSource(located, options, true, (opened) => decompressed(opened, describe));

  function* describe(file: OpenedFile): Reading<SourceDescription> {
    const checkpoint = yield* openCheckpoint(WHERE, located.name, file);
    const path = chooseDict(file.where, checkpoint, options.path);
    const { tensors, warnings } = tensorsAt(file.where, checkpoint, path, options.limits);
    const names = selectNames(file.where, [...tensors.keys()], options.select);
    const wanted = new Map(names.map((name) => [name, tensors.get(name) as TensorNode]));
    return {
      ...describeNodes(wanted),
      format: checkpoint.format,
      path,
      files: 1,
      metadata: checkpoint.metadata ?? new Map(),
      warnings: [...checkpoint.warnings, ...warnings],
      unknownGlobals: checkpoint.unknownGlobals,
    };
  }
}

function describeNodes(
  nodes: ReadonlyMap<string, TensorNode>,
): Pick<SourceDescription, 'tensors' | 'refused'> {
  const tensors = new Map<string, TensorDescription>();
  const refused = new Map<string, string>();
  const firstNames = new Map<unknown, Map<string, string>>();
  for (const [name, node] of nodes) {
    if (node.kind === 'refused') {
      refused.set(name, node.reason);
      continue;
    }
    const { dtype, shape } = node.tensor;
    const byteLength = byteLengthOf(dtype, shape);
    const sameAs = node.kind === 'stored' ? earlierName(firstNames, name, node.tensor) : undefined;
    tensors.set(name, { dtype, shape, byteLength, ...(sameAs !== undefined && { sameAs }) });
  }
  return { tensors, refused };
}

/** The name under which the same elements of the same storage were met before. An empty tensor shares nothing. */
function earlierName(
  firstNames: Map<unknown, Map<string, string>>,
  name: string,
  tensor: StoredTensor,
): string | undefined {
  if (elementCount(tensor.shape) === 0) return undefined;
  const identity = identityOf(tensor);
  const known = firstNames.get(tensor.storage) ?? new Map<string, string>();
  firstNames.set(tensor.storage, known);
  const earlier = known.get(identity);
  if (earlier === undefined) known.set(identity, name);
  return earlier;
}

async function describeSharded(index: Located, options: DescribeOptions): Promise<SourceDescription> {
  const { weightMap, names, shards } = await openIndex(index, options);
  const parts = new Map<string, SourceDescription>();
  const strays = new Map<string, string>();
  for (const [shard, located] of shards) {
    const part = await describeFile(located, { ...options, select: undefined });
    parts.set(shard, part);
    for (const name of part.tensors.keys()) {
      if ((weightMap.get(name) ?? shard) !== shard)
        strays.set(name, `it is in ${shard} too, which the index does not say`);
    }
  }
  const tensors = new Map<string, TensorDescription>();
  const refused = new Map<string, string>();
  for (const name of names) {
    const part = parts.get(weightMap.get(name) as string);
    const tensor = part?.tensors.get(name);
    const stray = strays.get(name);
    if (tensor && stray === undefined) tensors.set(name, tensor);
    else
      refused.set(name, stray ?? part?.refused.get(name) ?? 'its file lacks it, though the index lists it');
  }
  const all = [...parts.values()];
  return {
    format: all[0]?.format ?? 'safetensors',
    files: all.length,
    path: all[0]?.path ?? [],
    tensors,
    refused,
    metadata: all[0]?.metadata ?? new Map(),
    warnings: all.flatMap(({ warnings }) => warnings),
    unknownGlobals: [...new Set(all.flatMap(({ unknownGlobals }) => unknownGlobals))],
  };
}
