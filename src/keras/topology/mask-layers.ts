/**
 * Keras 3 writes masks into the graph: the comparisons that make them are layers, and a call names the mask it uses. tfjs
 * has no such layers and passes masks on by itself. The loader leaves these layers out, after it has checked that they are
 * the comparisons of Embedding and Masking.
 */

import { show } from '../../check.js';
import { describe, nameOf, unsupported } from '../json.js';
import type { Graph, GraphLayer, Layers } from './graph.js';
import type { Call, Ref } from './nodes.js';

/** Operations with which Keras 3 widens and merges masks. Each returns the mask when all its inputs are that mask. */
const MASK_OPS = new Set('All Any Cast Concatenate ExpandDims LogicalAnd LogicalOr Squeeze Stack'.split(' '));

/**
 * The names of the layers that compute the outputs. The others are masks and what is computed for nothing.
 * @throws UnsupportedError for a mask that tfjs does not make.
 */
export function dataLayers({ layers, order }: Graph, outputs: readonly Ref[]): Set<string> {
  const inData = reachable(layers, outputs);
  const comparisons = new Map<string, string>();
  const sources = maskSources(layers);
  for (const [name, index] of order) {
    const { layer, calls } = layers.get(name) as GraphLayer;
    const call = calls[index] as Call;
    if (inData.has(name)) {
      for (const mask of call.masks) checkMask(layers, comparisons, name, mask);
      continue;
    }
    const comparison = comparisonOf(layers, layer.class_name, call, sources, comparisons);
    if (comparison !== undefined) comparisons.set(keyOf([name, index]), comparison);
  }
  return inData;
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

function keyOf([name, call]: readonly [string, number, ...unknown[]]): string {
  return `${call} of ${name}`;
}

function checkMask(layers: Layers, comparisons: ReadonlyMap<string, string>, user: string, mask: Ref): void {
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

/**
 * The input of the comparison that makes a mask, from those of the calls before; undefined for a mask that tfjs does not make,
 * or for several.
 */
function comparisonOf(
  layers: Layers,
  className: string,
  { inputs, others }: Call,
  sources: ReadonlySet<string>,
  comparisons: ReadonlyMap<string, string>,
): string | undefined {
  if (className === 'NotEqual') {
    const input = String(inputs[0]);
    return sources.has(`${others[0]?.value} in ${input}`) ? input : undefined;
  }
  if (!MASK_OPS.has(className)) return undefined;
  const masks = inputs.filter(([input]) => className !== 'LogicalOr' || !isZeros(layers, input));
  const [first, ...more] = masks.map((ref) => comparisons.get(keyOf(ref)));
  return more.every((other) => other === first) ? first : undefined;
}

/** Before a Concatenate, Keras 3 widens a mask to the shape of its input by LogicalOr with zeros. */
function isZeros(layers: Layers, name: string): boolean {
  return layers.get(name)?.layer.class_name === 'ZerosLike';
}

/** The comparisons that layers of the graph make masks by: `0 in ids,0,0`. */
function maskSources(layers: Layers): Set<string> {
  const sources = new Set<string>();
  for (const { layer, calls } of layers.values()) {
    const { mask_zero, mask_value } = layer.config;
    const isEmbedding = layer.class_name === 'Embedding' && mask_zero === true;
    const value = isEmbedding ? 0 : layer.class_name === 'Masking' ? mask_value : undefined;
    if (value !== undefined) for (const { inputs } of calls) sources.add(`${value} in ${inputs[0]}`);
  }
  return sources;
}

/** Which calls of a layer use a mask. */
export type MaskUse = 'all' | 'none' | 'implicit';

/**
 * Whether the calls of a layer use masks. It is `implicit` where the file does not tell: in a model of Keras 2, and in a
 * nested model, whose mask may come from outside (a call with states has none).
 * @throws UnsupportedError when some calls are masked and some are not.
 */
export function maskUse({ layer, calls }: GraphLayer, isNested: boolean): MaskUse {
  const uses = new Set(
    calls.map(({ isExplicit, masks, hasStates }): MaskUse => {
      if (masks.length > 0) return 'all';
      return isExplicit && (hasStates || !isNested) ? 'none' : 'implicit';
    }),
  );
  const [use = 'implicit'] = uses;
  if (uses.size <= 1) return use;
  throw unsupported(
    `mask of ${describe(layer)}`,
    'every call of it to be masked, or none',
    'both kinds',
    `tfjs does not tell them apart: use two layers with the weights of ${show(nameOf(layer))}`,
  );
}
