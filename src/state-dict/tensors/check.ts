import { checkInteger, message, show, showShape } from '../../check.js';
import { MAX_RANK } from '../rules/limits.js';
import { builtinClass } from './bytes.js';
import { arrayName, byteLengthOf, DTYPE_NAMES, elementCount, isDtype } from './dtypes.js';
import type { TorchDtype, TorchTensor } from './tensor.js';

/** Those whose `data()` is the array of a dtype here. */
const TFJS_DTYPES: ReadonlyMap<string | undefined, TorchDtype> = new Map([
  ['float32', 'F32'],
  ['int32', 'I32'],
  ['bool', 'BOOL'],
]);

/**
 * Checks that dtype, shape and data of a tensor from a caller agree.
 *
 * @throws TypeError when dtype, shape or the kind of array is wrong; RangeError when a size is.
 */
export function checkTensor(where: string, what: string, tensor: TorchTensor): void {
  if (
    typeof tensor !== 'object' ||
    tensor === null ||
    builtinClass(tensor) === 'Promise' ||
    'dataId' in tensor
  )
    throw new TypeError(
      message(where, what, 'an entry { dtype, shape, data }', show(tensor), remedyFor(tensor)),
    );
  if (!isDtype(tensor?.dtype)) {
    const rule = `a dtype of ${DTYPE_NAMES.join(', ')}`;
    throw new TypeError(message(where, what, rule, show(tensor?.dtype)));
  }
  const { dtype, shape, data } = tensor;
  if (!Array.isArray(shape)) throw new TypeError(message(where, `${what} shape`, 'an array', show(shape)));
  if (shape.length > MAX_RANK) {
    const got = `${shape.length}`;
    throw new RangeError(message(where, `${what} shape`, `at most ${MAX_RANK} dimensions`, got));
  }
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

/** What a key that is not there gives, and tensors of tfjs in the place of entries. */
function remedyFor(value: unknown): string | undefined {
  if (value === undefined) return 'Is the key right? A Map gives undefined for one that it lacks';
  if (typeof value !== 'object' || value === null || !('dataId' in value)) return undefined;
  const { dtype } = value as { readonly dtype?: string };
  const torch = TFJS_DTYPES.get(dtype);
  const entry =
    torch === undefined ? '' : `, or { dtype: '${torch}', shape: t.shape, data: await t.data() } is one`;
  return `It is a tensor of tfjs: toStateDict({ [key]: variable }) writes a tf.Variable${entry}`;
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
