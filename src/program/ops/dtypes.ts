/** torch's dtypes in tfjs, and tensors brought to one dtype before an op of tfjs. */

import { cast, type DataType, scalar, Tensor } from '@tensorflow/tfjs-core';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';
import type { Call } from './types.js';

/** The dtypes that a program computes with here. float64 is computed in float32, int64 in int32. */
const TF_DTYPES: Partial<Record<TorchDtype, DataType>> = {
  F32: 'float32',
  F64: 'float32',
  I64: 'int32',
  I32: 'int32',
  BOOL: 'bool',
};

/** Undefined for dtypes that tfjs has not, and whose arithmetic is another: float16, uint8, complex64, ... */
export function tfDtype(dtype: TorchDtype): DataType | undefined {
  return TF_DTYPES[dtype];
}

export function isFloat(dtype: TorchDtype | undefined): boolean {
  return dtype === 'F32' || dtype === 'F64';
}

/** A tensor or number as a tensor of a dtype of tfjs. */
export function as(value: Tensor | number | boolean, dtype: DataType): Tensor {
  if (!(value instanceof Tensor))
    return scalar(Number(value), dtype === 'bool' ? 'int32' : dtype).cast(dtype);
  return value.dtype === dtype ? value : cast(value, dtype);
}

/** The dtype of tfjs in which a call's result lies. */
export function resultDtype(call: Call): DataType {
  return tfDtype(call.dtype) as DataType;
}

/** The dtype in which two operands meet, such as those of a comparison: that of floats, if one is a float. */
export function commonDtype(...operands: readonly (Tensor | number | boolean)[]): 'float32' | 'int32' {
  const isFloatOperand = (operand: Tensor | number | boolean) =>
    operand instanceof Tensor ? operand.dtype === 'float32' : !Number.isInteger(Number(operand));
  return operands.some(isFloatOperand) ? 'float32' : 'int32';
}
