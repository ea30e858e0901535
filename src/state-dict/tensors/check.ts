import { checkInteger, message, show, showShape } from '../../check.js';
import { builtinClass } from './bytes.js';
import { arrayName, byteLengthOf, DTYPE_NAMES, elementCount, isDtype } from './dtypes.js';
import type { TorchTensor } from './tensor.js';

/**
 * Checks that dtype, shape and data of a tensor from a caller agree.
 *
 * @throws TypeError when dtype, shape or the kind of array is wrong; RangeError when a size is.
 */
export function checkTensor(where: string, what: string, tensor: TorchTensor): void {
  if (builtinClass(tensor) === 'Promise')
    throw new TypeError(message(where, what, 'a tensor { dtype, shape, data }', show(tensor)));
  if (!isDtype(tensor?.dtype)) {
    const rule = `a dtype of ${DTYPE_NAMES.join(', ')}`;
    throw new TypeError(message(where, what, rule, show(tensor?.dtype)));
  }
  const { dtype, shape, data } = tensor;
  if (!Array.isArray(shape)) throw new TypeError(message(where, `${what} shape`, 'an array', show(shape)));
  for (const size of shape) checkInteger(where, `${what} shape`, size, 0);
  if (Number.isNaN(elementCount(shape))) {
    const rule = 'sizes whose product is at most 2^53 - 1';
    throw new RangeError(message(where, `${what} shape`, rule, showShape(shape)));
  }
  const got = ArrayBuffer.isView(data) ? builtinClass(data) : show(data);
  if (got !== arrayName(dtype)) {
    throw new TypeError(message(where, `${what} data`, `a ${arrayName(dtype)} for ${dtype}`, got));
  }
  const byteLength = byteLengthOf(dtype, shape);
  if (data.byteLength !== byteLength) {
    const rule = `${byteLength} bytes for ${dtype} ${showShape(shape)}`;
    throw new RangeError(message(where, `${what} data`, rule, `${data.byteLength}`));
  }
}

/** Whether two tensors have the same dtype, shape and bits. */
export function hasSameValues(a: TorchTensor, b: TorchTensor): boolean {
  if (a.data === b.data) return true;
  const { byteLength } = a.data;
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join() || byteLength !== b.data.byteLength)
    return false;
  // By words where both have them: models have billions of bytes.
  const hasWords = [byteLength, a.data.byteOffset, b.data.byteOffset].every((bytes) => bytes % 4 === 0);
  const unitsOf = ({ data: { buffer, byteOffset } }: TorchTensor): Uint32Array | Uint8Array =>
    hasWords
      ? new Uint32Array(buffer, byteOffset, byteLength / 4)
      : new Uint8Array(buffer, byteOffset, byteLength);
  const [x, y] = [unitsOf(a), unitsOf(b)];
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}
