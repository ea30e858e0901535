/** What the families of elementwise ops share. Each op computes in the dtype of its result, and is empty where a result is. */

import type { Tensor } from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { choose as chooseTensors } from '../../../nn/indexing/choose.js';
import { commonShape } from '../../../nn/shape/expand.js';
import type { Call, OpFunction } from '../types.js';
import { as, computeDtype, type Operand, resultDtype } from './dtypes.js';

/** A function of tensors of one dtype; the result has the shape to which they are broadcast. */
export type Pointwise = (...operands: Tensor[]) => Tensor;

/** Runs a function on operands in a dtype. */
export function pointwise(run: Pointwise, operands: readonly Operand[], dtype: 'float32' | 'int32'): Tensor {
  const tensors = operands.map((operand) => as(operand, dtype));
  if (dtype === 'float32' && tensors.some(({ size }) => size === 0))
    return emptyOf(commonShape(...tensors.map(({ shape }) => shape)), tensors);
  return run(...tensors);
}

/** An op of some tensors, or numbers, that it computes in the dtype of its result. */
export function elementwise(count: number, run: Pointwise): OpFunction {
  return (...args: unknown[]) => {
    const call = args.at(-1) as Call;
    const result = pointwise(run, args.slice(0, count) as Operand[], computeDtype(call));
    return as(result, resultDtype(call));
  };
}

/** `condition ? a : b`, both in one dtype. tfjs reads bool values wrongly on wasm. */
export function choose(
  condition: Tensor,
  a: Operand,
  b: Operand,
  dtype: ReturnType<typeof resultDtype>,
): Tensor {
  const inner = dtype === 'bool' ? 'int32' : dtype;
  return as(chooseTensors(condition, as(a, inner), as(b, inner)), dtype);
}

/** Ops of the same function under several names, each with the parameters of a signature. */
export function named(
  names: readonly string[],
  parameters: string,
  run: OpFunction,
): Record<string, OpFunction> {
  return Object.fromEntries(names.map((name) => [`aten::${name}(${parameters}) -> Tensor`, run]));
}
