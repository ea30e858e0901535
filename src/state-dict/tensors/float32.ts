import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { checkTensor } from './check.js';
import { isOpaque } from './dtypes.js';
import { halfTable } from './half.js';
import type { TorchData, TorchDtype, TorchTensor } from './tensor.js';

type NarrowNumbers = Exclude<TorchData, BigInt64Array | BigUint64Array>;

/**
 * Converts the elements of a tensor to float32, as `tensor.float()` does in torch.
 *
 * F32 returns the same array, not a copy, often a view of the file. F16 and BF16 are exact, except for the payload of an F16 NaN;
 * F64, I32, U32, I64 and U64 round to nearest; F64 beyond the range of float32 becomes infinite; BOOL becomes 0 and 1.
 *
 * @param name  the name of the tensor in messages.
 * @throws UnsupportedError for C64 and for floats of 8 bits and fewer (F8_*, F6_*, F4), with the Python to run instead.
 * @throws TypeError or RangeError when dtype, shape and data do not agree.
 */
export function toFloat32Array(tensor: TorchTensor, name?: string): Float32Array {
  return float32Of('toFloat32Array', name === undefined ? 'tensor' : `tensor ${show(name)}`, tensor);
}

/** toFloat32Array for the function `where`, which opens its messages. */
export function float32Of(where: string, what: string, tensor: TorchTensor): Float32Array {
  checkTensor(where, what, tensor);
  const { dtype, data } = tensor;
  if (dtype === 'C64' || isOpaque(dtype)) throw unsupported(where, what, dtype);
  if (dtype === 'F16') return fromHalf(data as Uint16Array);
  if (dtype === 'BF16') return fromBfloat16(data as Uint16Array);
  if (dtype === 'BOOL') return Float32Array.from(data as Uint8Array, (byte) => (byte === 0 ? 0 : 1));
  if (dtype === 'I64' || dtype === 'U64') return fromBigInts(data as BigInt64Array | BigUint64Array);
  return dtype === 'F32' ? (data as Float32Array) : new Float32Array(data as NarrowNumbers);
}

function unsupported(where: string, what: string, dtype: TorchDtype): UnsupportedError {
  const rule = 'a real dtype of 16 bits or more, an integer or BOOL';
  const remedy =
    dtype === 'C64'
      ? 'Save its real and imaginary parts instead, in Python: torch.view_as_real(tensor)'
      : 'Convert it before saving, in Python: tensor.to(torch.float32)';
  return new UnsupportedError(message(where, what, rule, dtype, remedy));
}

function fromHalf(halves: Uint16Array): Float32Array {
  const values = halfTable();
  const floats = new Float32Array(halves.length);
  const pairs = pairsOf(halves);
  for (let i = 0, to = 0; i < pairs.length; i++, to += 2) {
    const pair = pairs[i];
    floats[to] = values[pair & 0xffff];
    floats[to + 1] = values[pair >>> 16];
  }
  if (halves.length % 2 === 1) floats[halves.length - 1] = values[halves[halves.length - 1]];
  return floats;
}

/** BF16 is the upper half of a float32, so every code, NaN payloads too, is exact. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  const pairs = pairsOf(halves);
  for (let i = 0, to = 0; i < pairs.length; i++, to += 2) {
    const pair = pairs[i];
    bits[to] = pair << 16;
    bits[to + 1] = pair & 0xffff0000;
  }
  if (halves.length % 2 === 1) bits[halves.length - 1] = halves[halves.length - 1] << 16;
  return new Float32Array(bits.buffer);
}

/** Two codes to a number, the first in its lower half: a loop over pairs takes two thirds of the time of one over codes. */
function pairsOf(halves: Uint16Array): Uint32Array {
  const { buffer, byteOffset, length } = halves.byteOffset % 4 === 0 ? halves : halves.slice();
  return new Uint32Array(buffer, byteOffset, length >> 1);
}

/**
 * Rounds once, as torch does. `Math.fround(Number(x))` rounds twice, and is wrong where the first rounding lands half-way between
 * two floats; folding the bits that float32 drops into a sticky bit keeps the double exact.
 */
function fromBigInts(integers: BigInt64Array | BigUint64Array): Float32Array {
  const floats = new Float32Array(integers.length);
  for (let i = 0; i < integers.length; i++) floats[i] = floatOf(integers[i]);
  return floats;
}

function floatOf(integer: bigint): number {
  const value = Number(integer);
  if (Number.isSafeInteger(value)) return value;
  // Beyond 2^53 the lowest 11 bits are far below float32's last bit: only whether any is set matters.
  const upper = integer >> 11n;
  const sticky = upper << 11n === integer ? 0n : 1n;
  return Number(upper | sticky) * 2 ** 11;
}
