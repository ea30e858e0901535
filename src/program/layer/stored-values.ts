/** Tensors of the file as tensors of tfjs. */

import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { show } from '../../check.js';
import { float32Of } from '../../state-dict/tensors/float32.js';
import { booleansOf, int32Of, isInteger } from '../../state-dict/tensors/int32.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';

/**
 * A copy of the values: float64 rounded to float32, int64 as int32.
 *
 * @throws RangeError for an integer that int32 does not hold.
 */
export function toVariableValue(where: string, name: string, stored: TorchTensor): Tensor {
  const what = `tensor ${show(name)}`;
  const shape = [...stored.shape];
  if (stored.dtype === 'BOOL') return tensor(booleansOf(stored), shape, 'bool');
  if (isInteger(stored.dtype)) return tensor(int32Of(where, what, stored), shape, 'int32');
  const values = float32Of(where, what, stored);
  // A copy where the values are the file's: the cpu backend keeps the array that it is given.
  return tensor(stored.dtype === 'F32' ? values.slice() : values, shape, 'float32');
}
