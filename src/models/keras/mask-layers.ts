/**
 * Keras 3 writes masks into the graph: the comparisons that make them are layers of their own, and a call names the mask
 * it uses. tfjs has neither, and hands masks on by itself. So the comparisons are taken out, once it is clear that they
 * are those of Embedding and Masking.
 */

import { show } from '../../check.js';
import { describe, type LayerJson, nameOf, unsupported } from './json.js';
import type { Call, Ref } from './nodes.js';

/** A layer of a functional model with its calls. */
export interface GraphLayer {
  readonly layer: LayerJson;
  readonly calls: readonly Call[];
}

export type Graph = ReadonlyMap<string, GraphLayer>;

/**
 * What Keras 3 merges masks with where tfjs does the same: a step is there when it is in every input. Its Concatenate asks
 * for any of them.
 */
const MASK_OPS = new Set('All LogicalAnd ExpandDims Squeeze Concatenate Stack Cast'.split(' '));

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

function checkMask(
  graph: Graph,
  isComparison: (name: string) => boolean,
  user: string,
  [source, node]: Ref,
): void {
  const found = graph.get(source);
  if (found && isComparison(source) && isOwnMask(graph, isComparison, found, found.calls[node])) return;
  const target = graph.get(user);
  throw unsupported(
    `mask of ${target ? describe(target.layer) : show(user)}`,
    'one that Embedding(mask_zero=True) or Masking makes',
    `the output of ${show(source)}`,
  );
}

function isOwnMask(
  graph: Graph,
  isComparison: (name: string) => boolean,
  { layer }: GraphLayer,
  call: Call | undefined,
): boolean {
  if (call === undefined) return false;
  if (layer.class_name === 'NotEqual') return isComparisonOfSource(graph, call, 'Embedding');
  const [first] = call.inputs;
  if (layer.class_name === 'Any' && first) {
    const above = graph.get(first[0]);
    const compared = above?.calls[first[1]];
    const isNotEqual = above?.layer.class_name === 'NotEqual';
    return isNotEqual && compared !== undefined && isComparisonOfSource(graph, compared, 'Masking');
  }
  if (!MASK_OPS.has(layer.class_name) || call.inputs.length === 0) return false;
  return call.inputs.every(([name, node]) => {
    const above = graph.get(name);
    return (
      above !== undefined && isComparison(name) && isOwnMask(graph, isComparison, above, above.calls[node])
    );
  });
}

/** Whether a comparison is the one that some Embedding or Masking makes of the same input. */
function isComparisonOfSource(graph: Graph, { inputs, others }: Call, className: string): boolean {
  const [input] = inputs;
  const value = others[0]?.value;
  return [...graph.values()].some(({ layer, calls }) => {
    const { mask_zero, mask_value } = layer.config;
    const own = mask_zero === true ? 0 : mask_value;
    const isSource = layer.class_name === className && own === value;
    return isSource && calls.some((call) => String(call.inputs[0]) === String(input));
  });
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
