/**
 * `tf.tensorScatterUpdate` on webgl. tfjs 4.22 adds up the rows that go to one place, and computes
 * `tensor * (1 - found) + sum * found`, which is NaN where the tensor is infinite. Here the last of the rows replaces what the tensor has.
 */

import {
  backend_util,
  getKernel,
  type KernelFunc,
  Reshape,
  type TensorInfo,
  TensorScatterUpdate,
} from '@tensorflow/tfjs-core';
import { type WebGlBackend, type WebGlProgram, webGlBackend } from '../../tfjs-internals/webgl.js';
import { replaceKernel } from '../replace-kernel.js';

/** @param strides of the axes that a row of indices names, in rows of the output */
function programOf(updates: number, strides: readonly number[], outputShape: number[]): WebGlProgram {
  const place = strides.map((stride, axis) => `round(getIndices(i, ${axis})) * ${stride}`).join(' + ');
  const userCode = `
    void main() {
      ivec2 coords = getOutputCoords();
      float value = getPresent(coords[0], coords[1]);
      for (int i = 0; i < ${updates}; i++)
        if (${place} == coords[0]) value = getUpdates(i, coords[1]);
      setOutput(value);
    }`;
  return { variableNames: ['updates', 'indices', 'present'], outputShape, userCode };
}

function reshaped(backend: WebGlBackend, x: TensorInfo, shape: number[]): TensorInfo {
  const reshape = getKernel(Reshape, 'webgl').kernelFunc;
  return reshape({ inputs: { x }, backend, attrs: { shape } }) as TensorInfo;
}

const inTurn =
  (present: KernelFunc): KernelFunc =>
  ({ inputs, backend, attrs }) => {
    const { tensor, indices, updates } = inputs as Record<'tensor' | 'indices' | 'updates', TensorInfo>;
    const { sliceRank, numUpdates, sliceSize, strides, outputSize } = backend_util.calculateShapes(
      updates,
      indices,
      tensor.shape,
    );
    if (outputSize === 0) return present({ inputs, backend, attrs });
    const webgl = webGlBackend(backend as WebGlBackend);
    const shape = [outputSize / sliceSize, sliceSize];
    const flat = [
      reshaped(webgl, updates, [numUpdates, sliceSize]),
      reshaped(webgl, indices, [numUpdates, sliceRank]),
      reshaped(webgl, tensor, shape),
    ];
    const rows = webgl.runWebGLProgram(
      programOf(numUpdates, strides.slice(0, sliceRank), shape),
      flat,
      tensor.dtype,
    );
    const result = reshaped(webgl, rows, tensor.shape);
    for (const { dataId } of [...flat, rows]) webgl.disposeData(dataId);
    return result;
  };

replaceKernel(TensorScatterUpdate, 'webgl', inTurn);
