/** The part of `verify` that runs a layer. It needs tfjs: it is imported when it runs, so that the other commands work without. */

import * as tf from '@tensorflow/tfjs-core';
import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell, toTensor } from '../../../index.js';
import type { Nonlinearity } from '../../../torch/cells.js';
import type { CellModule, RecurrentModule } from '../../../torch/modules.js';
import type { NumberArray } from '../arrays.js';
import type { Answers, Numbers } from '../rounding.js';

/** What is not a number of a layer's call. */
export interface LayerCall {
  readonly module: RecurrentModule | CellModule;
  readonly batchFirst: boolean;
  readonly nonlinearity: Nonlinearity;
  /** Of the rows of a packed sequence; absent where all have all steps. */
  readonly lengths?: readonly number[] | undefined;
}

/**
 * What torch's call returns: `output`, `hn` and of an LSTM `cn`; of a cell its new state `hn`, which is `output` too.
 *
 * @param numbers  the weights, and x, h0 and c0.
 */
export async function runLayer(call: LayerCall, { weights, inputs }: Numbers): Promise<Answers> {
  const { kind, path, torchName } = call.module;
  const layer: AnyLayer = CLASSES[torchName].fromStateDict(weights, {
    prefix: path,
    onWarnings: () => {},
    ...(kind === 'recurrent' && { batchFirst: call.batchFirst }),
    ...(torchName.startsWith('RNN') && { nonlinearity: call.nonlinearity }),
  });
  const tensors = callAndDispose(layer, inputs, call.lengths);
  const answers = new Map<string, NumberArray>();
  for (const [name, tensor] of Object.entries(tensors))
    answers.set(name, { shape: tensor.shape, values: await tensor.data() });
  tf.dispose(tensors);
  return answers;
}

type AnyLayer = GRU | LSTM | RNN | GRUCell | LSTMCell | RNNCell;

const CLASSES = { GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell };

function callAndDispose(
  layer: AnyLayer,
  inputs: Numbers['inputs'],
  lengths: LayerCall['lengths'],
): Record<string, tf.Tensor> {
  try {
    return tf.tidy(() => {
      const [x, h0, c0] = inputs.map((input) => input && toTensor(input));
      return forward(layer, x as tf.Tensor, { h0, c0 }, lengths);
    });
  } finally {
    layer.dispose();
  }
}

interface States {
  readonly h0: tf.Tensor | undefined;
  readonly c0: tf.Tensor | undefined;
}

function forward(
  layer: AnyLayer,
  x: tf.Tensor,
  { h0, c0 }: States,
  lengths: LayerCall['lengths'],
): Record<string, tf.Tensor> {
  if (layer instanceof LSTM) return layer.forward(x, { h0, c0, lengths });
  if (layer instanceof GRU || layer instanceof RNN) return layer.forward(x, { h0, lengths });
  if (layer instanceof LSTMCell) {
    const { h, c } = layer.forward(x, { h: h0, c: c0 });
    return { output: h, hn: h, cn: c };
  }
  const h = layer.forward(x, h0);
  return { output: h, hn: h };
}
