/** What this version does not run, found before anything runs. */

import { message, shortened, show, showFirst } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { addTo } from '../../matching/add-to.js';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import { namesIn } from '../graph/decode.js';
import type { Graph, GraphNode } from '../graph/types.js';
import { NUMBERS } from '../ops/calls/numbers.js';
import { tfDtype } from '../ops/shared/dtypes.js';
import { findOp } from '../ops/table.js';
import { remedyFor } from './remedies.js';

/** A graph that runs without gradients, or with. */
export const GRAD_MODE = 'higher_order.wrap_with_set_grad_enabled';

/**
 * Refuses a graph.
 *
 * @throws UnsupportedError with all targets that are missing, how often each occurs and where; for dtypes that tfjs has not; for a
 *   recurrent layer whose steps are written out.
 */
export function refuseUnsupported(graph: Graph, where: string): void {
  refuseUnrolled(graph, where);
  refuseMissing(graph, where);
  refuseDtypes(graph, where);
}

/** A graph, and the graphs in its calls. */
function* allGraphs(graph: Graph): Generator<Graph> {
  yield graph;
  for (const { inputs } of graph.nodes)
    for (const { argument } of inputs) if (argument.kind === 'graph') yield* allGraphs(argument.graph);
}

export function* allNodes(graph: Graph): Generator<GraphNode> {
  for (const { nodes } of allGraphs(graph)) yield* nodes;
}

/** Calls of ops that are missing, by target. */
export function missingOps(graph: Graph): Map<string, GraphNode[]> {
  const missing = new Map<string, GraphNode[]>();
  for (const node of allNodes(graph)) {
    const { target } = node;
    if (target === GRAD_MODE || NUMBERS.has(target) || findOp(target)) continue;
    addTo(missing, target, node);
  }
  return missing;
}

const RECURRENT_MODULE = /^torch\.nn\.modules\.rnn\.(GRU|LSTM|RNN)$/;
/** What a step of a recurrent layer computes; a whole layer is one call. */
const STEP = /^aten\.(sigmoid|tanh|relu)_?\./;

/** The default decompositions write a recurrent layer as many calls for each step: far slower than the one, and of one T alone. */
function refuseUnrolled(graph: Graph, where: string): void {
  const steps = new Map<string, number>();
  for (const { target, module, moduleClass } of allNodes(graph))
    if (module !== undefined && STEP.test(target) && RECURRENT_MODULE.test(moduleClass ?? ''))
      steps.set(module, (steps.get(module) ?? 0) + 1);
  if (steps.size === 0) return;
  const [[module, count]] = [...steps] as [[string, number]];
  const remedy =
    'Save it without run_decompositions(), whose default writes out each step; run_decompositions({}) keeps the layer whole';
  throw new UnsupportedError(
    message(where, `module ${show(module)}`, 'one call', `${count} activations of single steps`, remedy),
  );
}

function refuseMissing(graph: Graph, where: string): void {
  const missing = missingOps(graph);
  if (missing.size === 0) return;
  const list = [...missing].map(([target, nodes]) => {
    const at = nodes.find(({ source }) => source !== undefined)?.source;
    const calls = `${nodes.length} ${nodes.length === 1 ? 'call' : 'calls'}`;
    return `${shortened(target)} (${calls}${at ? `, ${at}` : ''})`;
  });
  const remedy = missingRemedy(graph, [...missing.keys()]);
  throw new UnsupportedError(message(where, 'ops', 'known ones', list.join('; '), remedy));
}

/** What to do about ops that are missing. */
export function missingRemedy(graph: Graph, targets: readonly string[]): string {
  // torch's decompositions let gradients pass through `torch.no_grad()`.
  return remedyFor(targets, ![...allNodes(graph)].some(({ target }) => target === GRAD_MODE));
}

const HALF: readonly TorchDtype[] = ['F16', 'BF16'];

function refuseDtypes(graph: Graph, where: string): void {
  const unknown = [...allGraphs(graph)].flatMap(({ tensors }) =>
    [...tensors].filter(([, { dtype }]) => tfDtype(dtype) === undefined),
  );
  if (unknown.length === 0) return;
  const list = showFirst(unknown, ([name, { dtype }]) => `${shortened(name)} ${dtype}`);
  const taken = new Set(graph.inputs.flatMap(namesIn));
  const isHalf = unknown.every(([, { dtype }]) => HALF.includes(dtype));
  const remedy = unknown.some(([name]) => taken.has(name))
    ? 'Call model.float() before the export, and export with float32 inputs'
    : 'Export the model without autocast, half() and bfloat16() in it';
  throw new UnsupportedError(
    message(where, 'tensors', 'float32, float64, int64, int32 or bool', list, isHalf ? remedy : undefined),
  );
}
