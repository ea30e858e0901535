/** A torch module as an ONNX model: one node for each layer, which computes torch's equations. */

import type { StateDict } from '../../../src/state-dict/index.js';
import { type BenchCase, type CellName, GATES, stateNames, valuesOf } from '../cases.js';
import { type Attribute, type Constant, encodeModel, type Node, type Port } from './graph.js';

/** ONNX's gate order in torch's numbering: GRU z r n of r z n, LSTM i o f g of i f g o. */
const GATE_ORDERS: Readonly<Record<CellName, readonly number[]>> = {
  gru: [1, 0, 2],
  lstm: [0, 3, 1, 2],
  rnn: [0],
};

/**
 * The bytes of a model with inputs `x` `[T, B, I]` and `h0_l{k}` `[D, B, H]` (LSTM also `c0_l{k}`), and outputs `output`
 * `[T, B, D*H]` and `hn_l{k}` (`cn_l{k}`).
 */
export function recurrentModel(benchCase: BenchCase, weights: StateDict): Uint8Array {
  const { cell, inputSize, hiddenSize, layers, directions, batch, steps } = benchCase;
  const nodes: Node[] = [];
  const constants: Constant[] = [];
  const initial: Port[] = [];
  const final: Port[] = [];
  const shape = BigInt64Array.from([steps, batch, directions * hiddenSize], BigInt);
  constants.push({ name: 'shape', shape: [3], data: shape });
  for (let layer = 0; layer < layers; layer++) {
    const own = layerWeights(benchCase, weights, layer);
    constants.push(...own);
    const before = layer === 0 ? 'x' : `sequence_l${layer - 1}`;
    const after = layer === layers - 1 ? 'output' : `sequence_l${layer}`;
    const stateShape = [directions, batch, hiddenSize];
    const states = stateNames(cell).map((name) => ({ name: `${name}_l${layer}`, shape: stateShape }));
    const finals = states.map(({ name }) => ({ name: name.replace('0', 'n'), shape: stateShape }));
    initial.push(...states);
    final.push(...finals);
    nodes.push({
      type: cell.toUpperCase(),
      // The empty name omits sequence_lens: all lengths are T.
      inputs: [before, ...own.map(({ name }) => name), '', ...states.map(({ name }) => name)],
      outputs: [`y_l${layer}`, ...finals.map(({ name }) => name)],
      attributes: attributesOf(benchCase),
    });
    nodes.push(...joinDirections(directions, `y_l${layer}`, after));
  }
  return encodeModel({
    nodes,
    constants,
    inputs: [{ name: 'x', shape: [steps, batch, inputSize] }, ...initial],
    outputs: [{ name: 'output', shape: [steps, batch, directions * hiddenSize] }, ...final],
  });
}

function attributesOf({ cell, hiddenSize, directions }: BenchCase): Record<string, Attribute> {
  return {
    hidden_size: hiddenSize,
    direction: directions === 2 ? 'bidirectional' : 'forward',
    // The reset gate acts after the product, as in torch.
    ...(cell === 'gru' ? { linear_before_reset: 1 } : {}),
  };
}

/** `[T, D, B, H]` to `[T, B, D*H]`. */
function joinDirections(directions: number, from: string, to: string): Node[] {
  const reshape = (input: string): Node => ({ type: 'Reshape', inputs: [input, 'shape'], outputs: [to] });
  if (directions === 1) return [reshape(from)];
  const transposed = `${from}_transposed`;
  const perm = [0, 2, 1, 3];
  return [
    { type: 'Transpose', inputs: [from], outputs: [transposed], attributes: { perm } },
    reshape(transposed),
  ];
}

/** W `[D, G*H, I]`, R `[D, G*H, H]` and B `[D, 2*G*H]`, where the bias of W comes before that of R. */
function layerWeights({ cell, hiddenSize, directions }: BenchCase, weights: StateDict, layer: number) {
  const suffixes = ['', '_reverse'].slice(0, directions).map((suffix) => `_l${layer}${suffix}`);
  const order = GATE_ORDERS[cell];
  const rows = GATES[cell] * hiddenSize;
  const take = (name: string) => reorder(valuesOf(weights, name), order);
  const constant = (name: string, columns: readonly number[], parts: Float32Array[]): Constant => ({
    name: `${name}_l${layer}`,
    shape: [directions, ...columns],
    data: concatenate(parts),
  });
  const wih = suffixes.map((suffix) => take(`weight_ih${suffix}`));
  const whh = suffixes.map((suffix) => take(`weight_hh${suffix}`));
  const biases = suffixes.flatMap((suffix) => [take(`bias_ih${suffix}`), take(`bias_hh${suffix}`)]);
  const columns = (wih[0] as Float32Array).length / rows;
  return [
    constant('W', [rows, columns], wih),
    constant('R', [rows, hiddenSize], whh),
    constant('B', [2 * rows], biases),
  ];
}

/** Reorders the blocks of rows. */
function reorder(values: Float32Array, order: readonly number[]): Float32Array {
  const size = values.length / order.length;
  return concatenate(order.map((block) => values.subarray(block * size, (block + 1) * size)));
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
