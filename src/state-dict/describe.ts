/** What a source holds, by the parts that describe its tensors: no element is read. */

import type { InputFile, StoredTensor, TensorNode } from './formats/checkpoint.js';
import { withHead } from './formats/open.js';
import { openWanted, type Wanted } from './read-checkpoint.js';
import type { Reading } from './reading/reading.js';
import { type About, joinAbout } from './report.js';
import type { WorkBudget } from './rules/work.js';
import { readIndex, resolveSource, unlistedIn, withoutWays } from './sharded.js';
import { type Located, locate, type StateDictSource } from './sources/locate.js';
import { runSource, type SourceOptions } from './sources/read-source.js';
import { identityOf } from './tensors/bind.js';
import { byteLengthOf, elementCount } from './tensors/dtypes.js';
import type { TorchDtype } from './tensors/tensor.js';

/** A tensor without its elements. */
export interface TensorDescription {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  /** Bytes of its elements. */
  readonly byteLength: number;
  /** The name of an earlier tensor with the same elements: tied weights, which the file holds once. */
  readonly sameAs?: string;
}

export interface SourceDescription extends About {
  /** Number of files with tensors: 1, or those that an index lists. */
  readonly files: number;
  /** In the order of the file. */
  readonly tensors: ReadonlyMap<string, TensorDescription>;
  /** Tensors that cannot be read, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
  readonly metadata: ReadonlyMap<string, string>;
}

export type DescribeOptions = Pick<
  SourceOptions,
  'limits' | 'path' | 'words' | 'select' | 'signal' | 'onProgress' | 'headers' | 'fetch'
>;

/**
 * Describes the tensors of a file, or of a model in several files. `path` and `select` choose as in `readStateDict`.
 *
 * It reads the parts of a file that describe its tensors; the whole where the source serves no parts, and of JSON text.
 *
 * @param caller  opens all messages.
 * @throws what `readStateDict` throws, except for tensors that cannot be read, which it lists.
 */
export async function describeSource(
  caller: string,
  source: StateDictSource,
  options: DescribeOptions,
): Promise<SourceDescription> {
  const { kind, located } = await resolveSource(locate(caller, source));
  return kind === 'index' ? describeSharded(located, options) : describeFile(located, options);
}

function describeFile(
  located: Located,
  options: DescribeOptions & Pick<Wanted, 'selectNames'>,
): Promise<SourceDescription> {
  return runSource(located, options, true, (file) => withHead(file, describe));

  function* describe(file: InputFile): Reading<SourceDescription> {
    const { wanted, about } = yield* openWanted(file, options, false);
    return { metadata: new Map(), ...about, ...describeNodes(wanted, file.work), files: 1 };
  }
}

function describeNodes(
  nodes: ReadonlyMap<string, TensorNode>,
  work: WorkBudget,
): Pick<SourceDescription, 'tensors' | 'refused'> {
  const tensors = new Map<string, TensorDescription>();
  const refused = new Map<string, string>();
  const earlierName = tiedNames();
  for (const [name, node] of nodes) {
    if (node.kind === 'refused') {
      const { reason } = node;
      work.spendName(reason.length);
      refused.set(name, reason);
      continue;
    }
    const { dtype, shape } = node.tensor;
    const byteLength = byteLengthOf(dtype, shape);
    const sameAs = node.kind === 'stored' ? earlierName(name, node.tensor) : undefined;
    tensors.set(name, { dtype, shape, byteLength, ...(sameAs !== undefined && { sameAs }) });
  }
  return { tensors, refused };
}

/** Finds the name of an earlier tensor with the same elements of the same storage. An empty tensor shares nothing. */
function tiedNames(): (name: string, tensor: StoredTensor) => string | undefined {
  const byTensor = new Map<StoredTensor, string>();
  const byElements = new Map<unknown, Map<string, string>>();
  return (name, tensor) => {
    if (elementCount(tensor.shape) === 0) return undefined;
    const same = byTensor.get(tensor);
    if (same !== undefined) return same;
    const identity = identityOf(tensor);
    const known = byElements.get(tensor.storage) ?? new Map<string, string>();
    byElements.set(tensor.storage, known);
    const earlier = known.get(identity);
    byTensor.set(tensor, earlier ?? name);
    if (earlier === undefined) known.set(identity, name);
    return earlier;
  };
}

async function describeSharded(index: Located, options: DescribeOptions): Promise<SourceDescription> {
  const model = await readIndex(index, options);
  const { weightMap, ties, names, shards } = model;
  const parts = new Map<string, SourceDescription>();
  const strays = new Map<string, string>();
  /** The files of names that only their metadata have. */
  const tied = new Map<string, string>();
  for (const [shard, located] of shards) {
    let warnings: readonly string[] = [];
    const part = await describeFile(located, {
      ...options,
      words: withoutWays(options.words),
      select: undefined,
      selectNames: (held, tiesHere) => {
        const unlisted = unlistedIn(held, tiesHere, model, options.select);
        for (const name of unlisted.tied) tied.set(name, shard);
        warnings = unlisted.warnings;
        return held;
      },
    });
    parts.set(shard, { ...part, warnings: [...part.warnings, ...warnings] });
    for (const name of part.tensors.keys()) {
      if ((weightMap.get(name) ?? shard) !== shard)
        strays.set(name, `it is in ${shard} too, which the index does not say`);
    }
  }
  const tensors = new Map<string, TensorDescription>();
  const refused = new Map<string, string>();
  for (const name of [...names, ...tied.keys()]) {
    const own = ties.get(name) ?? name;
    const part = parts.get(weightMap.get(own) ?? (tied.get(own) as string));
    const found = part?.tensors.get(own);
    const tensor = found && own !== name ? { ...found, sameAs: own } : found;
    const stray = strays.get(own);
    if (tensor && stray === undefined) tensors.set(name, tensor);
    else refused.set(name, stray ?? part?.refused.get(own) ?? 'its file lacks it, though the index lists it');
  }
  const { metadata = new Map(), ...about } = joinAbout(parts);
  return { ...about, metadata, files: parts.size, tensors, refused };
}
