/** Shared by the peers on tfjs. */

import * as tf from '@tensorflow/tfjs';
import type { StateDict, TorchTensor } from '../../../src/state-dict/index.js';
import { type BenchCase, stateNames, swapOuter, valuesOf } from '../cases.js';

/** A case's numbers as tensors, sequences batch first, which is how tf.layers has them. */
export interface CaseTensors {
  /** `[B, T, I]` */
  readonly x: tf.Tensor3D;
  /** In the cell's order, each `[L*D, B, H]`. */
  readonly states: readonly tf.Tensor3D[];
  /** `[B, T, D*H]`, training only. */
  readonly dy?: tf.Tensor3D;
}

/** Makes tensors of a case's sequences. */
export function sequenceMaker(benchCase: BenchCase, numbers: StateDict): () => Omit<CaseTensors, 'states'> {
  const { mode, steps, batch, directions, inputSize, hiddenSize } = benchCase;
  const sequence = (name: string, width: number) => {
    const values = swapOuter(valuesOf(numbers, name), steps, batch, width);
    return () => tf.tensor3d(values, [batch, steps, width]);
  };
  const x = sequence('x', inputSize);
  if (mode === 'forward') return () => ({ x: x() });
  const dy = sequence('dy', directions * hiddenSize);
  return () => ({ x: x(), dy: dy() });
}

export function stateTensors(benchCase: BenchCase, numbers: StateDict): tf.Tensor3D[] {
  const { cell, batch, layers, directions, hiddenSize } = benchCase;
  const shape: [number, number, number] = [layers * directions, batch, hiddenSize];
  return stateNames(cell).map((name) => tf.tensor3d(valuesOf(numbers, name), shape));
}

export function caseTensors(benchCase: BenchCase, numbers: StateDict): CaseTensors {
  return { ...sequenceMaker(benchCase, numbers)(), states: stateTensors(benchCase, numbers) };
}

export function disposeTensors({ x, states, dy }: CaseTensors): void {
  tf.dispose([x, ...states, ...(dy ? [dy] : [])]);
}

/** The values of tensors, which are disposed. */
export function readAll(tensors: readonly tf.Tensor[]): tf.TypedArray[] {
  const values = tensors.map((tensor) => tensor.dataSync());
  tf.dispose([...tensors]);
  return values;
}

/** As `readAll`, on a GPU backend: webgpu reads at once through a canvas alone, which kills the GPU process of some browsers. */
export async function awaitAll(tensors: readonly tf.Tensor[]): Promise<tf.TypedArray[]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  tf.dispose([...tensors]);
  return values;
}

/** The gradients of `output`, weighted by `dy`: torch's `torch.autograd.grad(output, [x, *weights], dy)`. */
export function gradients(
  output: () => tf.Tensor,
  x: tf.Tensor,
  weights: readonly tf.Tensor[],
  dy: tf.Tensor,
): tf.Tensor[] {
  return tf.grads(output)([x, ...weights], dy);
}

/** A tensor of tfjs as one of torch's; a sequence becomes time-major. */
export function toTimeMajor(values: tf.TypedArray, batch: number, steps: number, width: number): TorchTensor {
  const data = swapOuter(Float32Array.from(values), batch, steps, width);
  return { dtype: 'F32', shape: [steps, batch, width], data };
}

export function toTorch(values: tf.TypedArray, shape: readonly number[]): TorchTensor {
  return { dtype: 'F32', shape, data: Float32Array.from(values) };
}
