/** Converts the weights of Keras's GRU to torch's layout. */

import { gather, reshape, slice, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { CELLS } from '../../torch/cells.js';

/** Keras's gates z | r | h in torch's order r | z | n. */
const TORCH_ORDER = [1, 0, 2];

/** A weight of Keras's cell, and its conversion to torch's parameters, by their names without a suffix. */
export interface KerasWeight {
  readonly name: string;
  readonly shape: readonly number[];
  toTorch(value: Tensor): Readonly<Record<string, Tensor>>;
}

/** The weights of one direction in Keras's order. */
export function kerasWeights(inputSize: number, hiddenSize: number, hasBias: boolean): KerasWeight[] {
  const columns = CELLS.GRU.gates * hiddenSize;
  const matrix = (name: string, rows: number, torchName: string): KerasWeight => ({
    name,
    shape: [rows, columns],
    toTorch: (value) => ({ [torchName]: transpose(reorder(value)) }),
  });
  const bias: KerasWeight = {
    name: 'bias',
    shape: [2, columns],
    toTorch(value) {
      const [ih, hh] = [0, 1].map((row) => reshape(slice(reorder(value), [row, 0], [1, columns]), [columns]));
      return { bias_ih: ih as Tensor, bias_hh: hh as Tensor };
    },
  };
  const weights = [
    matrix('kernel', inputSize, 'weight_ih'),
    matrix('recurrent_kernel', hiddenSize, 'weight_hh'),
  ];
  return hasBias ? [...weights, bias] : weights;
}

/** `[N, 3H]` with its blocks of H columns in torch's order. */
function reorder(value: Tensor): Tensor {
  const { gates } = CELLS.GRU;
  const [rows, columns] = value.shape as [number, number];
  const blocks = reshape(value, [rows, gates, columns / gates]);
  return reshape(gather(blocks, TORCH_ORDER, 1), [rows, columns]);
}
