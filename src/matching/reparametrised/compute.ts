/** Computes a weight in the dtype of the file, as `remove_parametrizations` leaves it in torch. */

import { float32Of } from '../../state-dict/tensors/float32.js';
import { roundFloats } from '../../state-dict/tensors/round-floats.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { Part, Scheme } from './scheme.js';

const WHERE = 'reparametrised weight';

/** The weight of these parts; undefined where they do not determine it. */
export function computeWeight(scheme: Scheme, tensors: readonly TorchTensor[]): TorchTensor | undefined {
  const main = tensors[scheme.main] as TorchTensor;
  const parts = tensors.map((tensor) => partOf(tensor, main.dtype === 'F64'));
  const values = scheme.compute(parts);
  if (values === undefined) return undefined;
  const { dtype, shape } = main;
  if (values instanceof Float64Array) return { dtype: 'F64', shape, data: values };
  const float32: TorchTensor = { dtype: 'F32', shape, data: values };
  return dtype === 'F16' || dtype === 'BF16'
    ? roundFloats(WHERE, scheme.name, float32, dtype).tensor
    : float32;
}

function partOf(tensor: TorchTensor, isDouble: boolean): Part {
  const { dtype, shape, data } = tensor;
  const round = ROUND[dtype] ?? Math.fround;
  if (dtype === 'F64' && isDouble) return { shape, values: data as Float64Array, round };
  const values = float32Of(WHERE, WHERE, tensor);
  return { shape, values: isDouble ? Float64Array.from(values) : values, round };
}

const ROUND: Readonly<Record<string, (value: number) => number>> = {
  F64: (value) => value,
  F16: (value) => roundOne('F16', value),
  BF16: (value) => roundOne('BF16', value),
};

function roundOne(dtype: 'F16' | 'BF16', value: number): number {
  const float32: TorchTensor = { dtype: 'F32', shape: [1], data: Float32Array.of(value) };
  return float32Of(WHERE, WHERE, roundFloats(WHERE, WHERE, float32, dtype).tensor)[0] as number;
}
