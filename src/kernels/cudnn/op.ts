/**
 * TensorFlow's ops for cuDNN's recurrent layers.
 * @see https://www.tensorflow.org/versions/r2.15/api_docs/cc/class/tensorflow/ops/cudnn-r-n-n-v3
 */

import type { OpAttribute, OpOutput, TensorflowBackend } from '../../tfjs-internals/tensorflow.js';
import type { Cell } from '../../torch/cells.js';
import type { RecurrentCall } from '../contract.js';

const MODES: Readonly<Record<Cell, string>> = {
  RNN_TANH: 'rnn_tanh',
  RNN_RELU: 'rnn_relu',
  GRU: 'gru',
  LSTM: 'lstm',
};

/**
 * What both ops read, as ids: the input `[B, T, I]`, h0 and c0 `[L*D, B, H]` under the shape `[B, L*D, H]` (c0 of an LSTM alone: a
 * scalar elsewhere), the params and the lengths `[B]`, each 1..T.
 */
export type Inputs = readonly [input: number, h0: number, c0: number, params: number, lengths: number];

function attributesOf({ binding }: TensorflowBackend, call: RecurrentCall): OpAttribute[] {
  const text = (name: string, value: string) => ({ name, type: binding.TF_ATTR_STRING, value });
  const integer = (name: string) => ({ name, type: binding.TF_ATTR_INT, value: 0 });
  return [
    { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
    text('rnn_mode', MODES[call.cell]),
    text('input_mode', 'linear_input'),
    text('direction', call.bidirectional ? 'bidirectional' : 'unidirectional'),
    { name: 'dropout', type: binding.TF_ATTR_FLOAT, value: 0 },
    ...['seed', 'seed2', 'num_proj'].map(integer),
    // B first. With T first, TensorFlow turns on cuDNN's padded layout only where a row is shorter than T, and keeps the choice of the
    // first call of a size: rows of several lengths would fail after full ones. The fix of its issue tells only values of T apart:
    // https://github.com/tensorflow/tensorflow/issues/41630
    { name: 'time_major', type: binding.TF_ATTR_BOOL, value: false },
  ];
}

/** What forward makes. In inference the reserves are empty. */
export interface Forward {
  readonly output: OpOutput;
  readonly hn: OpOutput;
  /** Of an LSTM; nothing elsewhere. */
  readonly cn: OpOutput;
  readonly reserveSpace: OpOutput;
  /** int8, which tfjs has no tensors of. */
  readonly hostReserved: OpOutput;
}

export function runForwardOp(
  backend: TensorflowBackend,
  call: RecurrentCall,
  inputs: Inputs,
  isTraining: boolean,
): Forward {
  const { binding } = backend;
  const training = { name: 'is_training', type: binding.TF_ATTR_BOOL, value: isTraining };
  const attributes = [...attributesOf(backend, call), training];
  const made = binding.executeOp('CudnnRNNV3', attributes, [...inputs], 5);
  const [output, hn, cn, reserveSpace, hostReserved] = made as [
    OpOutput,
    OpOutput,
    OpOutput,
    OpOutput,
    OpOutput,
  ];
  return { output, hn, cn, reserveSpace, hostReserved };
}

/** What backward reads of forward's outputs, as ids. */
export interface ForwardIds {
  readonly output: number;
  readonly hn: number;
  readonly cn: number;
  readonly reserveSpace: number;
  readonly hostReserved: number;
}

/** The gradients of input, h0, c0 (of an LSTM) and params. */
export type Gradients = readonly [input: OpOutput, h0: OpOutput, c0: OpOutput, params: OpOutput];

/**
 * @param dys ids of the gradients of output, hn and cn.
 * @param reserveSpace another one: cuDNN writes into it.
 */
export function runBackwardOp(
  backend: TensorflowBackend,
  call: RecurrentCall,
  inputs: Inputs,
  { output, hn, cn, hostReserved }: ForwardIds,
  dys: readonly number[],
  reserveSpace: number,
): Gradients {
  const ids = [...inputs, output, hn, cn, ...dys, reserveSpace, hostReserved];
  const attributes = attributesOf(backend, call);
  return backend.binding.executeOp('CudnnRNNBackpropV3', attributes, ids, 4) as unknown as Gradients;
}
