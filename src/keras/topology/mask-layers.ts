/**
 * Keras 3 writes masks into the graph: the comparisons that make them are layers, and a call names the mask it uses. tfjs
 * has no such layers and passes masks on by itself. The loader leaves these layers out, after it has checked that they are
 * the comparisons of Embedding and Masking.
 */

import { show } from '../../check.js';
import { describe, invalidModel, type LayerJson, unsupported } from '../json.js';
import type { Joint, MaskKey, MaskKeys } from '../masks/keys.js';
import type { Graph, GraphLayer, Layers } from './graph.js';
import type { Call, Ref } from './nodes.js';

/** The operations with which Keras 3 widens and merges masks, and how those merge that do. */
const MASK_OPS: ReadonlyMap<string, Exclude<Joint, ';'>> = new Map([
  ['All', '&'],
  ['Any', '|'],
  ['Cast', ','],
  ['Concatenate', ','],
  ['ExpandDims', ','],
  ['LogicalAnd', '&'],
  ['LogicalOr', '|'],
  ['Squeeze', ','],
  ['Stack', ','],
]);

export interface DataLayers {
  /** The names of the layers that compute the outputs. The others are masks and what is computed for nothing. */
  readonly kept: Set<string>;
  /** What the masks of calls are compared by, by their references. */
  readonly comparisons: ReadonlyMap<string, MaskKey>;
}

/** What the masks of a model are known by. */
interface Known {
  readonly keys: MaskKeys;
  readonly sources: ReadonlySet<MaskKey>;
  readonly comparisons: ReadonlyMap<string, MaskKey>;
  readonly scope: string;
}

/**
 * @param scope tells the layers of this model from those of the others.
 * @throws UnsupportedError for a mask that tfjs does not make.
 */
export function dataLayers(
  { layers, order }: Graph,
  outputs: readonly Ref[],
  scope: string,
  keys: MaskKeys,
): DataLayers {
  const kept = reachable(layers, outputs);
  const comparisons = new Map<string, MaskKey>();
  const known = { keys, sources: maskSources(layers, scope, keys), comparisons, scope };
  for (const [name, index] of order) {
    const { layer, calls } = layers.get(name) as GraphLayer;
    const call = calls[index] as Call;
    if (kept.has(name)) {
      for (const mask of call.masks) checkMask(layers, comparisons, name, mask);
      continue;
    }
    const comparison = comparisonOf(layers, layer.class_name, call, known);
    if (comparison !== undefined) comparisons.set(keyOf([name, index]), comparison);
  }
  return { kept, comparisons };
}

/** The layers of the references, and all layers that their inputs come from. */
function reachable(layers: Layers, refs: readonly Ref[]): Set<string> {
  const found = new Set<string>();
  const open = refs.map(([name]) => name);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const { inputs } of layers.get(name)?.calls ?? []) for (const [input] of inputs) open.push(input);
  }
  return found;
}

/** A call as a key. */
export function keyOf([name, call]: readonly [string, number, ...unknown[]]): string {
  return `${call} of ${name}`;
}

function checkMask(layers: Layers, comparisons: ReadonlyMap<string, MaskKey>, user: string, mask: Ref): void {
  if (comparisons.has(keyOf(mask))) return;
  const target = layers.get(user) as GraphLayer;
  const isMerged = MASK_OPS.has(layers.get(mask[0])?.layer.class_name ?? '');
  const remedy = isMerged ? 'Keras 3 merges the masks of several inputs by other rules than tfjs' : undefined;
  throw unsupported(
    `mask of ${describe(target.layer)}`,
    'one that a single Embedding(mask_zero=True) or Masking makes',
    `the output of ${show(mask[0])}`,
    remedy,
  );
}

/** The comparison that makes a mask, from those of the calls before; undefined for a mask that tfjs does not make. */
function comparisonOf(
  layers: Layers,
  className: string,
  { inputs, others }: Call,
  { keys, sources, comparisons, scope }: Known,
): MaskKey | undefined {
  if (className === 'NotEqual') {
    const key = keys.source(scope, others[0]?.value, inputs[0]);
    return sources.has(key) ? key : undefined;
  }
  const joint = MASK_OPS.get(className);
  if (joint === undefined) return undefined;
  const masks = inputs.filter(([input]) => className !== 'LogicalOr' || !isZeros(layers, input));
  const found = masks.flatMap((ref) => comparisons.get(keyOf(ref)) ?? []);
  if (found.length === 0 || found.length < masks.length) return undefined;
  if (joint === ',') return keys.joined(joint, found);
  // Any and All merge what a Concatenate or a Stack before them has put side by side.
  return keys.joined(
    joint,
    found.map((key) => keys.merged(joint, key)),
  );
}

/** Before a Concatenate, Keras 3 widens a mask to the shape of its input by LogicalOr with zeros. */
function isZeros(layers: Layers, name: string): boolean {
  return layers.get(name)?.layer.class_name === 'ZerosLike';
}

/** The comparisons that layers of the graph make masks by. */
function maskSources(layers: Layers, scope: string, keys: MaskKeys): Set<MaskKey> {
  const sources = new Set<MaskKey>();
  for (const { layer, calls } of layers.values()) {
    const value = maskValue(layer);
    if (value !== undefined)
      for (const { inputs } of calls) sources.add(keys.source(scope, value, inputs[0]));
  }
  return sources;
}

/**
 * The value that a layer masks; undefined where it masks none.
 * @throws FormatError for a value that is no number.
 */
export function maskValue(layer: LayerJson): number | undefined {
  const { class_name, config } = layer;
  if (class_name === 'Embedding') return config.mask_zero === true ? 0 : undefined;
  if (class_name !== 'Masking') return undefined;
  const value = config.mask_value ?? 0;
  if (typeof value === 'number') return value;
  throw invalidModel(`mask_value of ${describe(layer)}`, 'a number', show(value));
}
