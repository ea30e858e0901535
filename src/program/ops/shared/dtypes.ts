/** torch's dtypes in tfjs, and tensors brought to one dtype before an op of tfjs. */

import { cast, type DataType, notEqual, scalar, Tensor } from '@tensorflow/tfjs-core';
import type { TorchDtype } from '../../../state-dict/tensors/tensor.js';
import type { Call } from '../types.js';

/** The dtypes that a program computes with here. float64 is computed in float32, int64 in int32. */
const TF_DTYPES: Partial<Record<TorchDtype, DataType>> = {
  F32: 'float32',
  F64: 'float32',
  I64: 'int32',
  I32: 'int32',
  BOOL: 'bool',
};

const INT32_MIN = -(2 ** 31);
const INT32_MAX = 2 ** 31 - 1;

/** What a parameter `Tensor` or `Scalar` may be: `add.Tensor(x, 0.5)` has a number. */
export type Operand = Tensor | number | boolean;

/** Undefined for dtypes that tfjs has not, and whose arithmetic is another: float16, uint8, complex64, ... */
export function tfDtype(dtype: TorchDtype): DataType | undefined {
  return TF_DTYPES[dtype];
}

export function isFloat(dtype: TorchDtype | undefined): boolean {
  return dtype === 'F32' || dtype === 'F64';
}

/** A tensor or number as a tensor of a dtype of tfjs. An integer outside of int32 becomes the nearest one inside. */
export function as(value: Operand, dtype: DataType): Tensor {
  if (!(value instanceof Tensor)) return scalar(valueIn(dtype, Number(value)), dtype);
  if (value.dtype === dtype) return value;
  // A cast to bool keeps some numbers as they are on wasm, and loses fractions.
  return dtype === 'bool' ? notEqual(value, 0) : cast(value, dtype);
}

/** A number as elements of a dtype hold it. */
export function valueIn(dtype: DataType, value: number): number | boolean {
  if (dtype === 'bool') return value !== 0;
  return dtype === 'int32' ? Math.trunc(Math.min(Math.max(value, INT32_MIN), INT32_MAX)) : value;
}

/** The dtype of tfjs in which a call's result lies. */
export function resultDtype(call: Call): DataType {
  return tfDtype(call.dtype) as DataType;
}

/** The dtype in which a call computes: that of its result, and int32 for bool, which has no arithmetic in tfjs. */
export function computeDtype(call: Call): 'float32' | 'int32' {
  return resultDtype(call) === 'float32' ? 'float32' : 'int32';
}

/** The dtype in which two operands meet, such as those of a comparison: that of floats, if one is a float. */
export function commonDtype(...operands: readonly Operand[]): 'float32' | 'int32' {
  const isFloatOperand = (operand: Operand) =>
    operand instanceof Tensor ? operand.dtype === 'float32' : !Number.isInteger(Number(operand));
  return operands.some(isFloatOperand) ? 'float32' : 'int32';
}
