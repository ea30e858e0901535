import { type Scalar, scalar } from '@tensorflow/tfjs-core';

/** An int32 scalar: ops of tfjs take a plain number for a float, and give floats then. */
export function int(value: number): Scalar {
  return scalar(value, 'int32');
}
