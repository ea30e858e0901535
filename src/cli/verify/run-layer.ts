/** The part of `verify` that needs tfjs: it is imported when it runs, so that the other commands work without tfjs. */

import * as tf from '@tensorflow/tfjs-core';
import { GRU, GRUCell, LSTM, LSTMCell, RNN, RNNCell } from '../../index.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import type { Nonlinearity } from '../../torch/cells.js';
import type { CellModule, RecurrentModule } from '../../torch/modules.js';
import type { NumberArray } from './arrays.js';

export interface LayerRun {
  readonly module: RecurrentModule | CellModule;
  readonly stateDict: StateDict;
  /** The name of a backend that is imported already. */
  readonly backend: string;
  readonly batchFirst: boolean;
  readonly nonlinearity: Nonlinearity;
  readonly x: NumberArray;
  readonly h0?: NumberArray;
  readonly c0?: NumberArray;
}

/** What torch's call returns: `output`, `hn` and of an LSTM `cn`; of a cell its new state `hn`, which is `output` too. */
export type LayerAnswers = ReadonlyMap<'output' | 'hn' | 'cn', NumberArray>;

export async function runLayer(run: LayerRun): Promise<LayerAnswers> {
  // Otherwise tfjs recommends tfjs-node in a banner, whatever the backend.
  tf.enableProdMode();
  await tf.setBackend(run.backend);
  await tf.ready();
  const layer = makeLayer(run);
  const tensors = callAndDispose(layer, run);
  const answers = new Map<'output' | 'hn' | 'cn', NumberArray>();
  for (const [name, tensor] of Object.entries(tensors)) {
    answers.set(name as 'output', { shape: tensor.shape, values: (await tensor.data()) as Float32Array });
  }
  tf.dispose(tensors);
  return answers;
}

function callAndDispose(layer: AnyLayer, run: LayerRun): Record<string, tf.Tensor> {
  try {
    return tf.tidy(() => {
      const [h0, c0] = [run.h0, run.c0].map((state) => state && tensorOf(state));
      return forward(layer, tensorOf(run.x), h0, c0);
    });
  } finally {
    layer.dispose();
  }
}

type AnyLayer = GRU | LSTM | RNN | GRUCell | LSTMCell | RNNCell;

const CLASSES = { GRU, LSTM, RNN, GRUCell, LSTMCell, RNNCell };

function makeLayer({ module, stateDict, batchFirst, nonlinearity }: LayerRun): AnyLayer {
  const { kind, path, torchName } = module;
  return CLASSES[torchName].fromStateDict(stateDict, {
    prefix: path,
    ...(kind === 'recurrent' && { batchFirst }),
    ...(torchName.startsWith('RNN') && { nonlinearity }),
  });
}

function forward(layer: AnyLayer, x: tf.Tensor, h0?: tf.Tensor, c0?: tf.Tensor): Record<string, tf.Tensor> {
  if (layer instanceof LSTM) return layer.forward(x, { h0, c0 });
  if (layer instanceof GRU || layer instanceof RNN) return layer.forward(x, { h0 });
  if (layer instanceof LSTMCell) {
    const { h, c } = layer.forward(x, { h: h0, c: c0 });
    return { output: h, hn: h, cn: c };
  }
  const h = layer.forward(x, h0);
  return { output: h, hn: h };
}

function tensorOf({ shape, values }: NumberArray): tf.Tensor {
  return tf.tensor(values, [...shape], 'float32');
}
