/** Recurrent layers and cells, on the fused kernels. */

import {
  expandDims,
  squeeze,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { DirectionWeights, StackInputs } from '../../../kernels/contract.js';
import { toLengths } from '../../../layers/masks/lengths.js';
import { runWithDropout } from '../../../layers/recurrent/dropout-between.js';
import { readsLengths } from '../../../ops/readback.js';
import { runRecurrent } from '../../../ops/recurrent.js';
import { runStep } from '../../../ops/run-step.js';
import type { Cell } from '../../../torch/cells.js';
import type { Call, OpFunction, Value } from '../types.js';

/** What a call of a stack says beside its tensors. */
interface StackCall {
  readonly hasBiases: boolean;
  readonly layers: number;
  readonly dropout: number;
  readonly train: boolean;
  readonly bidirectional: boolean;
  readonly batchFirst: boolean;
  readonly lengths?: Tensor1D | undefined;
}

/** GRU and RNN have one state, LSTM a list of two. */
type States = Tensor | readonly Tensor[];

function listOf(hx: States): readonly Tensor[] {
  return Array.isArray(hx) ? (hx as readonly Tensor[]) : [hx as Tensor];
}

/** `[output, hn]`, or `[output, hn, cn]` of LSTM. */
function runStack(
  cell: Cell,
  x: Tensor,
  hx: States,
  params: readonly Tensor[],
  { hasBiases, layers, dropout, train, bidirectional, batchFirst, lengths }: StackCall,
  { isTraining }: Call,
): Value[] {
  const states = listOf(hx);
  const directions = bidirectional ? 2 : 1;
  const perDirection = params.length / (layers * directions);
  const hiddenSize = (params[1] as Tensor).shape[1] as number;
  const hasProjection = perDirection === (hasBiases ? 5 : 3);
  const [h0] = states as [Tensor3D];
  const projSize = hasProjection ? (h0.shape[2] as number) : 0;
  const weights = Array.from({ length: layers * directions }, (_, i) =>
    directionOf(params.slice(i * perDirection, (i + 1) * perDirection), hasBiases),
  );
  const attrs = {
    batchFirst,
    bidirectional,
    hiddenSize: hasProjection ? ((states[1] as Tensor3D).shape[2] as number) : hiddenSize,
    projSize,
  };
  const inputs: StackInputs = { x: x as Tensor3D, initialStates: states as Tensor3D[], weights, lengths };
  const run = (stackInputs: StackInputs) => runRecurrent(cell, stackInputs, attrs, 'auto');
  const drops = train && isTraining && dropout > 0 && layers > 1;
  const { output, finalStates } = drops ? runWithDropout(run, inputs, directions, dropout) : run(inputs);
  return [output, ...finalStates];
}

/** torch's order: weight_ih, weight_hh, bias_ih, bias_hh, weight_hr. */
function directionOf(params: readonly Tensor[], hasBiases: boolean): DirectionWeights {
  const [weight_ih, weight_hh] = params as Tensor2D[];
  const [bias_ih, bias_hh] = hasBiases ? (params.slice(2, 4) as unknown as Tensor1D[]) : [];
  const weight_hr = params[hasBiases ? 4 : 2] as Tensor2D | undefined;
  return {
    ...{ weight_ih: weight_ih as Tensor2D, weight_hh: weight_hh as Tensor2D },
    ...(bias_ih && { bias_ih, bias_hh }),
    ...(weight_hr && { weight_hr }),
  };
}

const stackOp =
  (cell: Cell): OpFunction =>
  (
    input: Tensor,
    hx: States,
    params: readonly Tensor[],
    hasBiases: boolean,
    layers: number,
    dropout: number,
    train: boolean,
    bidirectional: boolean,
    batchFirst: boolean,
    call: Call,
  ) => {
    const stack = { hasBiases, layers, dropout, train, bidirectional, batchFirst };
    if (input.rank === 3) return runStack(cell, input, hx, params, stack, call);
    // An unbatched sequence: torch's module adds the batch axis itself, so that no program has one.
    throw new UnsupportedError(message(call.where, 'input', 'three axes', `${input.rank}`));
  };

/** @throws RangeError where lengths can be read and do not decrease. */
function checkSorted(where: string, lengths: Tensor1D): void {
  if (!readsLengths(lengths)) return;
  const values = lengths.dataSync();
  const row = values.findIndex((value, i) => i > 0 && value > (values[i - 1] as number));
  if (row < 0) return;
  const rule = `at most ${values[row - 1]}, since enforce_sorted was True`;
  const remedy = 'Export the model with enforce_sorted=False, which takes any order';
  throw new RangeError(message(where, `lengths[${row}]`, rule, String(values[row]), remedy));
}

const lengthsOp =
  (cell: Cell): OpFunction =>
  (
    input: Tensor,
    lengths: Tensor1D,
    hx: States,
    params: readonly Tensor[],
    hasBiases: boolean,
    layers: number,
    dropout: number,
    train: boolean,
    bidirectional: boolean,
    enforceSorted: boolean,
    call: Call,
  ) => {
    const [batch, steps] = input.shape as [number, number];
    const shorter = toLengths(call.where, lengths, batch, steps);
    if (enforceSorted) checkSorted(call.where, lengths);
    const stack = { hasBiases, layers, dropout, train, bidirectional, batchFirst: true, lengths: shorter };
    return runStack(cell, input, hx, params, stack, call);
  };

/** One step, `[B, I]` or `[I]`. */
const cellOp =
  (cell: Cell): OpFunction =>
  (
    input: Tensor,
    hx: States,
    weight_ih: Tensor2D,
    weight_hh: Tensor2D,
    bias_ih: Tensor1D | null,
    bias_hh: Tensor1D | null,
  ) => {
    const states = listOf(hx);
    const isBatched = input.rank === 2;
    const [x, ...rows] = (
      isBatched ? [input, ...states] : [input, ...states].map((each) => expandDims(each, 0))
    ) as Tensor2D[];
    const weights = { weight_ih, weight_hh, ...(bias_ih && { bias_ih, bias_hh: bias_hh as Tensor1D }) };
    const attrs = { batchFirst: false, bidirectional: false, hiddenSize: weight_hh.shape[1], projSize: 0 };
    const next = runStep(cell, x as Tensor2D, rows, weights, attrs, 'auto');
    const results: Tensor[] = isBatched ? next : next.map((state) => squeeze(state, [0]));
    return results.length === 1 ? (results[0] as Tensor) : results;
  };

const STACK =
  'Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool batch_first';
const PACKED =
  'Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, bool bidirectional, bool enforce_sorted';
const CELL = 'Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None';

/** Those of `torch_rnn` are what torch_rnn_export.py writes in place of torch's. */
export const RECURRENT: Readonly<Record<string, OpFunction>> = {
  [`aten::gru.input(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('GRU'),
  [`aten::lstm.input(Tensor input, Tensor[] hx, ${STACK}) -> (Tensor, Tensor, Tensor)`]: stackOp('LSTM'),
  [`aten::rnn_tanh.input(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('RNN_TANH'),
  [`aten::rnn_relu.input(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('RNN_RELU'),
  [`torch_rnn::gru(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('GRU'),
  [`torch_rnn::lstm(Tensor input, Tensor[] hx, ${STACK}) -> (Tensor, Tensor, Tensor)`]: stackOp('LSTM'),
  [`torch_rnn::rnn_tanh(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('RNN_TANH'),
  [`torch_rnn::rnn_relu(Tensor input, Tensor hx, ${STACK}) -> (Tensor, Tensor)`]: stackOp('RNN_RELU'),
  [`torch_rnn::gru_lengths(Tensor input, Tensor lengths, Tensor hx, ${PACKED}) -> (Tensor, Tensor)`]:
    lengthsOp('GRU'),
  [`torch_rnn::lstm_lengths(Tensor input, Tensor lengths, Tensor[] hx, ${PACKED}) -> (Tensor, Tensor, Tensor)`]:
    lengthsOp('LSTM'),
  [`torch_rnn::rnn_tanh_lengths(Tensor input, Tensor lengths, Tensor hx, ${PACKED}) -> (Tensor, Tensor)`]:
    lengthsOp('RNN_TANH'),
  [`torch_rnn::rnn_relu_lengths(Tensor input, Tensor lengths, Tensor hx, ${PACKED}) -> (Tensor, Tensor)`]:
    lengthsOp('RNN_RELU'),
  [`aten::gru_cell(Tensor input, Tensor hx, ${CELL}) -> Tensor`]: cellOp('GRU'),
  [`aten::lstm_cell(Tensor input, Tensor[] hx, ${CELL}) -> (Tensor, Tensor)`]: cellOp('LSTM'),
  [`aten::rnn_tanh_cell(Tensor input, Tensor hx, ${CELL}) -> Tensor`]: cellOp('RNN_TANH'),
  [`aten::rnn_relu_cell(Tensor input, Tensor hx, ${CELL}) -> Tensor`]: cellOp('RNN_RELU'),
};
