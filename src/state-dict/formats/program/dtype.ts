/** The dtypes of programs, by torch's numbers. See ScalarType in torch/_export/serde/schema.py. */

import type { TorchDtype } from '../../tensors/tensor.js';
import type { Cursor } from './cursor.js';

const DTYPES: ReadonlyMap<number, TorchDtype> = new Map([
  [1, 'U8'],
  [2, 'I8'],
  [3, 'I16'],
  [4, 'I32'],
  [5, 'I64'],
  [6, 'F16'],
  [7, 'F32'],
  [8, 'F64'],
  [10, 'C64'],
  [12, 'BOOL'],
  [13, 'BF16'],
  [28, 'U16'],
  [29, 'F8_E4M3'],
  [30, 'F8_E5M2'],
  [31, 'F8_E4M3FNUZ'],
  [32, 'F8_E5M2FNUZ'],
  [33, 'F8_E8M0'],
  [34, 'U32'],
  [35, 'U64'],
]);

/** Undefined where the number is of no dtype here, such as complex128. */
export function findDtype(value: Cursor): TorchDtype | undefined {
  return DTYPES.get(value.integer());
}

/** @throws FormatError for a number that no dtype here has. */
export function decodeDtype(value: Cursor): TorchDtype {
  const dtype = findDtype(value);
  if (dtype === undefined) throw value.fault('the number of a dtype');
  return dtype;
}
