/** Integers of a file as int32, the only integers of tfjs. */

import { message, show } from '../../check.js';
import { float32Of } from './float32.js';
import type { TorchDtype, TorchTensor } from './tensor.js';

const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

const INTEGERS: readonly TorchDtype[] = ['U8', 'I8', 'I16', 'U16', 'I32', 'U32', 'I64', 'U64'];

export function isInteger(dtype: TorchDtype): boolean {
  return INTEGERS.includes(dtype);
}

/**
 * A copy of the values.
 *
 * @param what  the entry in messages.
 * @throws RangeError for a value that int32 does not hold.
 */
export function int32Of(
  where: string,
  what: string,
  { dtype, data }: TorchTensor,
  remedy?: string,
): Int32Array {
  const integers = new Int32Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number | bigint;
    if (value < MIN_INT32 || value > MAX_INT32)
      throw new RangeError(
        message(where, what, `${dtype} values in the range of int32`, show(value), remedy),
      );
    integers[i] = Number(value);
  }
  return integers;
}

/** A copy of BOOL values, each 0 or 1. */
export function booleansOf({ data }: TorchTensor): Uint8Array {
  return Uint8Array.from(data as Uint8Array, (byte) => (byte === 0 ? 0 : 1));
}

/** Values of any dtype as those of an integer or boolean tensor, as `tensor.copy_` converts them: floats are cut, and true is what is not 0. */
export function integersOf(
  where: string,
  what: string,
  stored: TorchTensor,
  dtype: 'I64' | 'I32' | 'BOOL',
): Int32Array | Uint8Array {
  const isWhole = isInteger(stored.dtype) || stored.dtype === 'BOOL';
  if (dtype === 'BOOL')
    return Uint8Array.from(float32Of(where, what, stored), (value) => (value === 0 ? 0 : 1));
  return isWhole
    ? int32Of(where, what, stored)
    : int32Of(where, what, { ...stored, data: float32Of(where, what, stored).map(Math.trunc) });
}
