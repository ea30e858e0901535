/** Weights that PyTorch ties: one weight here under several names, or one tensor of the file in several weights here. */

import { show } from '../check.js';
import { addTo } from '../matching/add-to.js';
import type { Faults } from '../matching/faults.js';
import { variableEntries } from '../matching/hints/ties.js';
import type { Selection } from '../matching/select-keys.js';
import { namesOf } from '../matching/torch-module.js';
import { joinPath } from '../state-dict/keys.js';
import { hasSameValues } from '../state-dict/tensors/check.js';
import { toFloat32Array } from '../state-dict/tensors/float32.js';
import type { TorchData } from '../state-dict/tensors/tensor.js';
import type { Leaf, Slot } from './leaves.js';
import type { Holder } from './target.js';

interface Matched {
  readonly slots: readonly Slot[];
  readonly faults: Faults;
  readonly selection: Selection;
}

/** A weight under several names: the file has each of them, with one value. PyTorch would let the last one win. */
export function noteSharedWeights({ slots, faults, selection }: Matched, leaves: readonly Leaf[]): void {
  const first = new Map<Holder, Map<string, Slot>>();
  for (const slot of slots) {
    const { leaf, parameter } = slot;
    const ofHolder = first.get(leaf.holder) ?? new Map<string, Slot>();
    first.set(leaf.holder, ofHolder);
    const other = ofHolder.get(parameter.weight);
    if (other === undefined) ofHolder.set(parameter.weight, slot);
    else if (!isSameInLayer(other, slot)) faults.differing.push([other.key, slot.key]);
  }
  for (const leaf of leaves) {
    const names = namesOf(leaf);
    const missing = names.filter((name) => !selection.keys.has(name));
    for (const [i, { weight }] of leaf.parameters.entries()) {
      const name = names[i] as string;
      if (selection.keys.has(name)) continue;
      const key = joinPath(selection.path, name);
      faults.missing.push(key);
      const other = first.get(leaf.holder)?.get(weight);
      if (other !== undefined) faults.hint(missingNameHint(key, other, leaf, missing.length), [key]);
    }
  }
}

function isSameInLayer(a: Slot, b: Slot): boolean {
  const [layoutA, layoutB] = [a.parameter.layout, b.parameter.layout];
  if (layoutA === layoutB) return hasSameValues(a.tensor, b.tensor);
  const [x, y] = [a, b].map(({ tensor, parameter }) =>
    parameter.layout.toLayer(
      { shape: tensor.shape, values: toFloat32Array(tensor) },
      parameter.shape as readonly number[],
    ),
  ) as [Float32Array, Float32Array];
  return x.every((value, i) => Object.is(value, y[i]));
}

/** What is written is what was read, so a name that the file lacks is no name of the weight. */
function missingNameHint(key: string, other: Slot, leaf: Leaf, missing: number): string {
  const start = `${show(key)} is missing, and the file has the weight as ${show(other.key)}`;
  if (other.leaf.modulePath === leaf.modulePath)
    return `${start}: where it has one name, leave the other out of torchParameters().`;
  if (missing === leaf.parameters.length) {
    const remedy =
      leaf.layerPath === other.leaf.layerPath
        ? `leave ${show(leaf.modulePath)} out of the list in map`
        : `pass map: { ${show(leaf.layerPath)}: ${show(other.leaf.modulePath)} }`;
    return `${start}: where it has one name, ${remedy}.`;
  }
  return (
    `${start}: the modules at ${show(leaf.modulePath)} and ${show(other.leaf.modulePath)} share a part of their weights. ` +
    'Map a layer that has this part alone, such as the embedding, to both, and give each further parameter a tf.Variable.'
  );
}

type Pair = readonly [Slot, Slot];

/** A sentence for each two layers that take one tensor of the file, the same elements, and not only equal values. */
export function tieWarnings(slots: readonly Slot[], start: string): string[] {
  const first = new Map<TorchData, Slot>();
  const pairs = new Map<string, Pair[]>();
  for (const slot of slots) {
    const { data, shape } = slot.tensor;
    const other = first.get(data);
    if (other === undefined) {
      first.set(data, slot);
      continue;
    }
    const isOneWeight =
      other.leaf.holder === slot.leaf.holder && other.parameter.weight === slot.parameter.weight;
    if (isOneWeight || data.length === 0 || other.tensor.shape.join() !== shape.join()) continue;
    const layers = `${other.leaf.layerPath}\n${slot.leaf.layerPath}`;
    addTo(pairs, layers, [other, slot]);
  }
  return Array.from(pairs.values(), (pair) => tieWarning(pair, slots, start));
}

function tieWarning(pairs: readonly Pair[], slots: readonly Slot[], start: string): string {
  const [[a, b]] = pairs as [Pair];
  const more = pairs.length > 1 ? `, and ${pairs.length - 1} more,` : '';
  const told =
    `${show(a.key)} and ${show(b.key)}${more} are one tensor in the file, and two weights here, which training moves ` +
    'apart: PyTorch then loads one of the two.';
  const swapped = pairs.map(([x, y]) => [y, x] as const);
  const ways = [pairs, swapped].filter((way) => pathOfTie(way) !== undefined);
  const way = ways.find(([pair]) => pair?.[0].leaf.module.torchName === 'torch.nn.Embedding') ?? ways[0];
  return `${told} ${way ? tieRemedy(way, slots, start) : variableRemedy(a, b)}`;
}

/** The path that the first layers' map has to have beside their own; undefined where the layers share a part of their weights. */
function pathOfTie(pairs: readonly Pair[]): string | undefined {
  const [[{ leaf }]] = pairs as [Pair];
  const paths = new Set(
    pairs.map(([kept, other]) => {
      const name = nameOf(other);
      const { key } = kept.parameter;
      if (key === '') return name;
      return name.endsWith(`.${key}`) ? name.slice(0, -key.length - 1) : undefined;
    }),
  );
  const [path] = paths;
  return paths.size === 1 && leaf.parameters.length === pairs.length ? path : undefined;
}

function nameOf({ leaf, parameter }: Slot): string {
  return joinPath(leaf.modulePath, parameter.key);
}

function tieRemedy(pairs: readonly Pair[], slots: readonly Slot[], start: string): string {
  const [[kept, other]] = pairs as [Pair];
  const tied = new Set(pairs.map(([, slot]) => slot));
  const further = slots.filter((slot) => slot.leaf === other.leaf && !tied.has(slot));
  const paths = [...pathsOf(kept, slots), pathOfTie(pairs) as string].map(show).join(', ');
  const target =
    further.length === 0
      ? ''
      : ` with the target ${variableEntries(
          start,
          further.map((slot) => [nameOf(slot), slot.tensor.shape]),
        )}`;
  const use = kept.leaf.module.torchName === other.leaf.module.torchName ? '' : 'the weight of ';
  return (
    `Where they are trained, leave ${show(other.leaf.layerPath)} out, pass map: ` +
    `{ ${show(kept.leaf.layerPath)}: [${paths}] }${target}, and compute with ${use}${show(kept.leaf.layerPath)}.`
  );
}

/** All paths of the layer, which a map may have given several. */
function pathsOf({ leaf, parameter }: Slot, slots: readonly Slot[]): string[] {
  const own = slots.filter(
    (slot) => slot.leaf.holder === leaf.holder && slot.parameter.key === parameter.key,
  );
  return own.map((slot) => slot.leaf.modulePath);
}

function variableRemedy(a: Slot, b: Slot): string {
  const names = [nameOf(a), nameOf(b)].map(show);
  return `Where they are trained, take their parameters as tf.Variables, with map: { ${names[0]}: [${names.join(', ')}] }.`;
}
