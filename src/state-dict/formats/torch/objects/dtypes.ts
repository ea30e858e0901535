/** The element types of torch's files, by the names that the files give them. */

import { bitsOf, dtypeNamed } from '../../../tensors/dtypes.js';
import type { TorchDtype } from '../../../tensors/tensor.js';

/** The elements of a dtype, or the reason why they cannot be read, with the Python that converts them. */
export type ElementType =
  | { readonly bytes: number; readonly dtype: TorchDtype; readonly reason?: undefined }
  | { readonly bytes: number; readonly dtype?: undefined; readonly reason: string };

const QUANTISED = 'a quantised tensor, of which t.dequantize() makes a plain one';
export const ON_META = 'a tensor on the meta device, which has no elements';
const COMPLEX = 'a tensor of wider or narrower complex numbers, which t.to(torch.complex64) converts';

/** The storage class of each dtype, which files still name. */
const STORAGE_TYPES = new Map<string, ElementType>([
  ['DoubleStorage', plain('F64')],
  ['FloatStorage', plain('F32')],
  ['HalfStorage', plain('F16')],
  ['BFloat16Storage', plain('BF16')],
  ['LongStorage', plain('I64')],
  ['IntStorage', plain('I32')],
  ['ShortStorage', plain('I16')],
  ['CharStorage', plain('I8')],
  ['ByteStorage', plain('U8')],
  ['BoolStorage', plain('BOOL')],
  ['ComplexFloatStorage', plain('C64')],
  ['ComplexDoubleStorage', { bytes: 16, reason: COMPLEX }],
  ['QInt8Storage', { bytes: 1, reason: QUANTISED }],
  ['QUInt8Storage', { bytes: 1, reason: QUANTISED }],
  ['QInt32Storage', { bytes: 4, reason: QUANTISED }],
  ['QUInt4x2Storage', { bytes: 1, reason: QUANTISED }],
  ['QUInt2x4Storage', { bytes: 1, reason: QUANTISED }],
]);

/** A storage without a dtype: its size is in bytes, and each of its tensors has its own dtype. */
const UNTYPED_STORAGE = 'UntypedStorage';

/** The elements of a storage class. Its name decides, in any module (`torch`, `torch.cuda`), as in torch. */
export function storageType(className: string): ElementType | undefined {
  return className === UNTYPED_STORAGE ? plain('U8') : STORAGE_TYPES.get(className);
}

/** Dtypes without a name in safetensors. */
const REFUSED_DTYPES = new Map<string, ElementType>([
  ['torch.complex32', { bytes: 4, reason: COMPLEX }],
  ['torch.complex128', { bytes: 16, reason: COMPLEX }],
  ['torch.bits16', { bytes: 2, reason: 'a tensor of bits16' }],
  ['torch.float4_e2m1fn_x2', { bytes: 1, reason: 'a tensor of float4_e2m1fn_x2' }],
]);

/** Names of dtypes, those of later versions of torch included. */
const DTYPE_NAME = /^torch\.(q?u?int|b?float|bits|complex)\d\w*$/;

/** The elements of a dtype such as `torch.float8_e5m2`; undefined for any other name. */
export function elementTypeNamed(name: string): ElementType | undefined {
  const refused = REFUSED_DTYPES.get(name);
  if (refused !== undefined || !name.startsWith('torch.')) return refused;
  const dtype = dtypeNamed(name);
  if (dtype) return plain(dtype);
  // No element takes less than a byte, so all are inside of at least this.
  return DTYPE_NAME.test(name)
    ? { bytes: 1, reason: `a tensor of ${name.slice('torch.'.length)}` }
    : undefined;
}

function plain(dtype: TorchDtype): ElementType {
  return { bytes: bitsOf(dtype) / 8, dtype };
}
