/**
 * Keras 3 writes masks into the graph: the comparisons that make them are layers of their own, and a call names the mask
 * it uses. tfjs has neither, and hands masks on by itself. So the comparisons are taken out, once it is clear that they
 * are those of Embedding and Masking.
 */

import { show } from '../../check.js';
import { describe, type LayerJson, nameOf, unsupported } from '../json.js';
import type { Call, Ref } from './nodes.js';

/** A layer of a functional model with its calls. */
export interface GraphLayer {
  readonly layer: LayerJson;
  readonly calls: readonly Call[];
}

export type Graph = ReadonlyMap<string, GraphLayer>;

/** What Keras 3 widens and merges masks with. None of them changes a mask that it gets several times. */
const MASK_OPS = new Set('All Any Cast Concatenate ExpandDims LogicalAnd LogicalOr Squeeze Stack'.split(' '));

/**
 * The names of the layers that only masks come from.
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

/** Layers that the named ones take their inputs from, and they themselves. */
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
  const remedy = isMerged ? 'Keras 3 merges masks of several inputs otherwise than tfjs does' : undefined;
  throw unsupported(
    `mask of ${target ? describe(target.layer) : show(user)}`,
    'one that a single Embedding(mask_zero=True) or Masking makes',
    `the output of ${show(mask[0])}`,
    remedy,
  );
}

/** Which comparison a mask is, by its input; undefined for one that tfjs does not make, or for several. */
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

/** Concatenate widens a mask with them to the features of its input. */
function isZeros(graph: Graph, name: string): boolean {
  return graph.get(name)?.layer.class_name === 'ZerosLike';
}

/** The input of a comparison, when it is one that an Embedding or Masking makes of that. */
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

/** How the calls of a layer use masks. */
export type MaskUse = 'all' | 'none' | 'implicit';

/**
 * What a layer's calls say about masks, where they say it: in a nested model without states, a mask may still come in from
 * outside.
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
