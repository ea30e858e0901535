/** Weights that the module of torch has under several names, and one layer here. */

import { show, showFirst, showShape } from '../../check.js';
import { joinPath, lastPart, parentPath } from '../../state-dict/keys.js';
import { hasSameValues } from '../../state-dict/tensors/check.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';
import { addTo } from '../add-to.js';
import type { ModuleLeaf } from '../torch-module.js';
import { type HintSource, type LoadedTensor, shapeAt } from './source.js';

/** So many of the unexpected keys are compared with the embeddings that are loaded. */
const MAX_TIES = 8;

/** The module whose weight an output layer may share. */
const EMBEDDING = 'torch.nn.Embedding';

type Entry = readonly [name: string, shape: readonly number[]];

/** The target with a variable for each of these parameters; `start` is what it has besides. */
export function variableEntries(start: string, entries: readonly Entry[]): string {
  const each = ([name, shape]: Entry) => `${show(name)}: tf.variable(tf.zeros(${showShape(shape)}))`;
  return `{ ${start}, ${showFirst(entries, each, 4)} }`;
}

/** An output layer that has no layer here, with the values of the embedding: torch has the weight under two names. */
export function hintAtTies(source: HintSource, loaded: readonly LoadedTensor[]): void {
  const { faults, leaves, stateDict, start } = source;
  const unexpected = unexpectedNames(source);
  const weights = [...unexpected].filter(([name]) => lastPart(name) === 'weight').slice(0, MAX_TIES);
  const embeddings = loaded.filter(({ leaf }) => leaf.module.torchName === EMBEDDING);
  for (const [name, key] of weights) {
    const twin = embeddings.find(({ tensor }) => isSame(tensor, stateDict.get(key)));
    const path = parentPath(name);
    if (twin === undefined || path === '') continue;
    const { layerPath } = twin.leaf;
    const own = leaves.filter((leaf) => leaf.layerPath === layerPath);
    const paths = [...own.map(({ modulePath }) => modulePath), path].map(show).join(', ');
    const more = [...unexpected].filter(([other]) => other !== name && parentPath(other) === path);
    const entries = entriesOf(source, more);
    const target = entries.length === 0 ? '' : ` with the target ${variableEntries(start, entries)}`;
    faults.hint(
      `${show(key)} has the values of ${show(twin.key)}: if the module ties them, pass map: ` +
        `{ ${show(layerPath)}: [${paths}] }${target}.`,
      [key, ...more.map(([, each]) => each)],
    );
  }
}

/** Parameters beside a weight that a map ties: the bias of a Linear whose weight is an Embedding's. */
export function hintAtParametersBesideTies(source: HintSource): void {
  const { faults, leaves, start } = source;
  const counts = new Map<string, number>();
  for (const { layerPath } of leaves) counts.set(layerPath, (counts.get(layerPath) ?? 0) + 1);
  const tied = leaves.filter(({ layerPath }) => (counts.get(layerPath) as number) > 1);
  if (tied.length === 0) return;
  const byPath = new Map(tied.map((leaf) => [leaf.modulePath, leaf]));
  const beside = new Map<ModuleLeaf, [string, string][]>();
  for (const [name, key] of unexpectedNames(source)) {
    const leaf = byPath.get(parentPath(name));
    if (leaf !== undefined) addTo(beside, leaf, [name, key]);
  }
  for (const [{ modulePath, layerPath }, names] of beside)
    faults.hint(
      `${show(joinPath(source.selection.path, modulePath))} has more than the weight of ${show(layerPath)}: pass the target ` +
        `${variableEntries(start, entriesOf(source, names))}, and compute with it.`,
      names.map(([, key]) => key),
    );
}

/** The unexpected keys that nothing explains, by their names below the selected path. */
function unexpectedNames({ faults, selection }: HintSource): Map<string, string> {
  const unexpected = new Set(faults.unexpected.filter((key) => !faults.explains(key)));
  return new Map([...selection.keys].filter(([, key]) => unexpected.has(key)));
}

function entriesOf({ stateDict }: HintSource, names: readonly (readonly [string, string])[]): Entry[] {
  return names.flatMap(([name, key]) => {
    const shape = shapeAt(stateDict, key);
    return shape === undefined ? [] : [[name, shape] as const];
  });
}

function isSame(loaded: TorchTensor, other: unknown): boolean {
  const { dtype, shape, data } = (other ?? {}) as Partial<TorchTensor>;
  const isTensor = dtype === loaded.dtype && Array.isArray(shape) && ArrayBuffer.isView(data);
  return isTensor && hasSameValues(loaded, other as TorchTensor);
}
