/** Tensors of TensorFlow that belong to no tensor of tfjs, by their ids: their owner deletes them. */

import type { DataType } from '@tensorflow/tfjs-core';
import type { OpOutput, TensorflowBackend } from '../../tfjs-internals/tensorflow.js';

/** Another id for the same data. */
export function hold(backend: TensorflowBackend, id: number, dtype: DataType = 'float32'): number {
  return runOnOne(backend, 'Identity', id, dtype);
}

/** The id of a copy of the data. */
export function copy(backend: TensorflowBackend, id: number): number {
  return runOnOne(backend, 'DeepCopy', id, 'float32');
}

function runOnOne({ binding }: TensorflowBackend, op: string, id: number, dtype: DataType): number {
  const value = dtype === 'int32' ? binding.TF_INT32 : binding.TF_FLOAT;
  const [made] = binding.executeOp(op, [{ name: 'T', type: binding.TF_ATTR_TYPE, value }], [id], 1);
  return (made as OpOutput).id;
}

export function deleteAll(backend: TensorflowBackend, ids: readonly number[]): void {
  for (const id of ids) backend.binding.deleteTensor(id);
}
