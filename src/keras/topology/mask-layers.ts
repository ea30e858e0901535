/**
 * Keras 3 writes masks into the graph: the comparisons that make them are layers, and a call names the mask it uses. tfjs
 * has no such layers and passes masks on by itself. The loader leaves these layers out, after it has checked that they are
 * the comparisons of Embedding and Masking.
 */

import { show } from '../../check.js';
import { describe, type LayerJson, nameOf, unsupported } from '../json.js';
import type { Call, Ref } from './nodes.js';

/** A layer of a Functional model with its calls. */
export interface GraphLayer {
  readonly layer: LayerJson;
  readonly calls: readonly Call[];
}

export type Graph = ReadonlyMap<string, GraphLayer>;

/** Operations with which Keras 3 widens and merges masks. Each returns the mask when all its inputs are that mask. */
const MASK_OPS = new Set('All Any Cast Concatenate ExpandDims LogicalAnd LogicalOr Squeeze Stack'.split(' '));

/**
 * The names of the layers whose outputs are used as masks only.
 * @throws UnsupportedError for a mask that tfjs does not make.
 */
export function maskOnlyLayers(graph: Graph, outputs: readonly Ref[]): Set<string> {
  const inData = reachable(
    graph,
    outputs.map(([name]) => name),
  );
  const isComparison = (name: string) => !inData.has(name);
  const users = [...graph].filter(([name]) => inData.has(name));
  const masks = users.flatMap(([user, { calls }]) =>
    calls.flatMap((call) => call.masks.map((mask) => ({ user, mask }))),
  );
  for (const { user, mask } of masks) checkMask(graph, isComparison, user, mask);
  const all = reachable(
    graph,
    masks.map(({ mask: [name] }) => name),
  );
  return new Set([...all].filter(isComparison));
}

/** The named layers and all layers that their inputs come from. */
function reachable(graph: Graph, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const { inputs } of graph.get(name)?.calls ?? []) open.push(...inputs.map(([input]) => input));
  }
  return found;
}

function checkMask(graph: Graph, isComparison: (name: string) => boolean, user: string, mask: Ref): void {
  if (comparisonOf(graph, isComparison, mask) !== undefined) return;
  const target = graph.get(user);
  const isMerged = MASK_OPS.has(graph.get(mask[0])?.layer.class_name ?? '');
  const remedy = isMerged ? 'Keras 3 merges the masks of several inputs by other rules than tfjs' : undefined;
  throw unsupported(
    `mask of ${target ? describe(target.layer) : show(user)}`,
    'one that a single Embedding(mask_zero=True) or Masking makes',
    `the output of ${show(mask[0])}`,
    remedy,
  );
}

/** The input of the comparison that makes a mask; undefined for a mask that tfjs does not make, or for several. */
function comparisonOf(
  graph: Graph,
  isComparison: (name: string) => boolean,
  [name, node]: Ref,
): string | undefined {
  const found = graph.get(name);
  const call = found?.calls[node];
  if (!found || !call || !isComparison(name)) return undefined;
  const { class_name } = found.layer;
  if (class_name === 'NotEqual') return sourceOf(graph, call);
  if (!MASK_OPS.has(class_name)) return undefined;
  const masks = call.inputs.filter(([input]) => class_name !== 'LogicalOr' || !isZeros(graph, input));
  const [first, ...others] = masks.map((ref) => comparisonOf(graph, isComparison, ref));
  return others.every((other) => other === first) ? first : undefined;
}

/** Before a Concatenate, Keras 3 widens a mask to the shape of its input by LogicalOr with zeros. */
function isZeros(graph: Graph, name: string): boolean {
  return graph.get(name)?.layer.class_name === 'ZerosLike';
}

/** The input of a comparison, when an Embedding or Masking makes its mask by the same comparison. */
function sourceOf(graph: Graph, { inputs: [input], others }: Call): string | undefined {
  const value = others[0]?.value;
  const isMade = [...graph.values()].some(({ layer, calls }) => {
    const { mask_zero, mask_value } = layer.config;
    const isSource =
      (layer.class_name === 'Embedding' && mask_zero === true && value === 0) ||
      (layer.class_name === 'Masking' && mask_value === value);
    return isSource && calls.some((call) => String(call.inputs[0]) === String(input));
  });
  return isMade ? String(input) : undefined;
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
