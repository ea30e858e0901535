import { complex, getBackend, getKernel, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { checkTensor } from '../state-dict/tensors/check.js';
import { float32Of } from '../state-dict/tensors/float32.js';
import { booleansOf, int32Of, isInteger } from '../state-dict/tensors/int32.js';
import type { TorchTensor } from '../state-dict/tensors/tensor.js';

const WHERE = 'toTensor';

const ROUND = 'tf.tensor(toFloat32Array(entry), entry.shape) rounds to float32';

/**
 * A tensor of tfjs with the values of one entry of a state_dict, for ops outside tf.layers.
 *
 * F32, F16 and BF16 become float32 exactly, except for the payload of an F16 NaN; F64 is rounded to nearest, and beyond the
 * range of float32 becomes infinite. Integers become int32, BOOL bool, C64 complex64. The shape is the entry's.
 *
 * The values are copied: the entry, often a view of a file, is neither changed nor kept.
 *
 * @param name  of the entry in messages: its key.
 * @returns a tensor that the caller disposes, or the `tf.tidy` around the call.
 * @throws RangeError for an integer that int32 does not hold; UnsupportedError for floats of 8 bits and fewer (F8_*, F6_*,
 * F4), and for C64 on a backend without complex numbers; TypeError or RangeError where dtype, shape and data do not agree.
 */
export function toTensor(entry: TorchTensor, name?: string): Tensor {
  const what = name === undefined ? 'entry' : `entry ${show(name)}`;
  checkTensor(WHERE, what, entry);
  const { dtype, data } = entry;
  const shape = [...entry.shape];
  if (dtype === 'C64') return complexTensor(what, shape, data as Float32Array);
  if (dtype === 'BOOL') return tensor(booleansOf(entry), shape, 'bool');
  if (isInteger(dtype)) return tensor(int32Of(WHERE, what, entry, ROUND), shape, 'int32');
  const values = float32Of(WHERE, what, entry);
  // A copy where the values are the entry's own: the cpu backend keeps the array that it is given.
  return tensor(dtype === 'F32' ? values.slice() : values, shape, 'float32');
}

/** Real and imaginary parts alternate in the data. */
function complexTensor(what: string, shape: number[], data: Float32Array): Tensor {
  const backend = getBackend();
  if (getKernel('Complex', backend) === undefined) {
    const rule = 'a backend with complex numbers, such as cpu or webgl, for C64';
    throw new UnsupportedError(message(WHERE, what, rule, backend));
  }
  const part = (offset: number) =>
    Float32Array.from({ length: data.length / 2 }, (_, i) => data[2 * i + offset] as number);
  return tidy(() => complex(tensor(part(0), shape, 'float32'), tensor(part(1), shape, 'float32')));
}
