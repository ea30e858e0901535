/** Rounds floats to another size. */

import { float32Of } from './float32.js';
import { toBfloat16Bits, toHalfBits } from './half.js';
import type { TorchDtype, TorchTensor } from './tensor.js';

/** The dtypes that floats can be rounded to. */
export type FloatDtype = 'F32' | 'F16' | 'BF16';

export interface Rounded {
  readonly tensor: TorchTensor;
  /** Number of finite elements that became infinite. */
  readonly overflows: number;
}

const SOURCES: readonly TorchDtype[] = ['F64', 'F32', 'F16', 'BF16'];

const INFINITE_BITS: Readonly<Record<'F16' | 'BF16', number>> = { F16: 0x7c00, BF16: 0x7f80 };

/**
 * Rounds the elements of a tensor to nearest even, as `tensor.to(dtype)` does in torch; returns the tensor itself where it has the
 * dtype already. Integers, BOOL, C64 and floats of 8 bits and fewer are returned unchanged.
 *
 * As in torch, F64 goes through F32 on the way to 16 bits.
 *
 * @throws TypeError or RangeError when dtype, shape and data do not agree.
 */
export function roundFloats(where: string, what: string, tensor: TorchTensor, dtype: FloatDtype): Rounded {
  if (tensor.dtype === dtype || !SOURCES.includes(tensor.dtype)) return { tensor, overflows: 0 };
  const floats = float32Of(where, what, tensor);
  const lost = tensor.dtype === 'F64' ? countLost(tensor.data as Float64Array, floats) : 0;
  if (dtype === 'F32') {
    return { tensor: { dtype, shape: tensor.shape, data: floats }, overflows: lost };
  }
  const { codes, overflows } = codesOf(floats, dtype);
  return { tensor: { dtype, shape: tensor.shape, data: codes }, overflows: lost + overflows };
}

function countLost(doubles: Float64Array, floats: Float32Array): number {
  let lost = 0;
  for (let i = 0; i < doubles.length; i++) {
    if (Number.isFinite(doubles[i]) && !Number.isFinite(floats[i])) lost++;
  }
  return lost;
}

function codesOf(floats: Float32Array, dtype: 'F16' | 'BF16'): { codes: Uint16Array; overflows: number } {
  const toBits = dtype === 'F16' ? toHalfBits : toBfloat16Bits;
  const infinite = INFINITE_BITS[dtype];
  const codes = new Uint16Array(floats.length);
  let overflows = 0;
  for (let i = 0; i < floats.length; i++) {
    const code = toBits(floats[i]);
    codes[i] = code;
    if ((code & 0x7fff) === infinite && Number.isFinite(floats[i])) overflows++;
  }
  return { codes, overflows };
}
