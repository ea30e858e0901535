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
  // By words: models have billions of bytes.
  const isAligned = [a, b].every(({ data }) => data.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0);
  const words = isAligned ? Math.floor(byteLength / Uint32Array.BYTES_PER_ELEMENT) : 0;
  const [x, y] = [a, b].map(
    ({ data }) => new Uint32Array(data.buffer, isAligned ? data.byteOffset : 0, words),
  );
  for (let i = 0; i < words; i++) if (x[i] !== y[i]) return false;
  const [u, v] = [a, b].map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, byteLength));
  for (let i = words * Uint32Array.BYTES_PER_ELEMENT; i < byteLength; i++) if (u[i] !== v[i]) return false;
  return true;
}
