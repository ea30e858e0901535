/** Calls whose int64 results depend on what the caller gives. */

import { namesIn } from '../graph/decode.js';
import type { Graph, GraphNode, Program } from '../graph/types.js';
import { canLeaveInt32, isCast } from '../ops/calls/int64.js';
import { findOp } from '../ops/table.js';

/** Those whose results may lie beyond int32: arithmetic on integers, and floats that become integers. */
export function int64Calls({ graph, inputs }: Program): GraphNode[] {
  const given = graph.inputs.filter((_, i) => inputs[i]?.kind === 'user');
  return [...callsIn(graph, new Set(given.flatMap(namesIn)))];
}

/** @param data names of tensors that depend on what the caller gives. */
function* callsIn(graph: Graph, data: Set<string>): Generator<GraphNode> {
  for (const node of graph.nodes) {
    const used = node.inputs.flatMap(({ argument }) => namesIn(argument)).filter((name) => data.has(name));
    if (used.length === 0) continue;
    const results = node.outputs.flatMap(namesIn).filter((name) => graph.tensors.has(name));
    for (const name of results) data.add(name);
    const dtypeOf = (name: string) => graph.tensors.get(name)?.dtype;
    const signature = findOp(node.target)?.signature;
    const dtypes = used.map(dtypeOf);
    const isOpen = (dtype: string | undefined) =>
      signature && isCast(signature) ? /^F/.test(dtype ?? '') : dtype !== 'BOOL';
    if (signature && canLeaveInt32(signature) && dtypeOf(results[0] ?? '') === 'I64' && dtypes.some(isOpen))
      yield node;
    for (const { argument } of node.inputs)
      if (argument.kind === 'graph')
        yield* callsIn(argument.graph, new Set(argument.graph.inputs.flatMap(namesIn)));
  }
}
