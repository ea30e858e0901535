/** Vectors that stand upright on two others. */

import { mul, sub, type Tensor } from '@tensorflow/tfjs-core';
import { message, showShape } from '../../../check.js';
import { constantOf, isEmpty } from '../../../nn/empty.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { sliceAlong } from '../../../nn/shape/slice.js';
import { concatenate } from '../shapes/joining.js';
import { axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import type { Call } from '../types.js';

/** `a[1] * b[2] - a[2] * b[1]` and so on round an axis of three elements. */
export function linalgCross(self: Tensor, other: Tensor, dim: number, call: Call): Tensor {
  const dtype = resultDtype(call);
  const shape = commonShape(self.shape, other.shape);
  const axis = axisOf(dim, shape.length);
  if (isEmpty(shape)) return constantOf(shape, [self, other], 0, dtype);
  const [a, b] = [expand(as(self, dtype), shape), expand(as(other, dtype), shape)];
  /** Moved along the axis: that of element i + by. */
  const from = (x: Tensor, by: number) =>
    concatenate([sliceAlong(x, axis, by, 3 - by), sliceAlong(x, axis, 0, by)], axis);
  return sub(mul(from(a, 1), from(b, 2)), mul(from(a, 2), from(b, 1)));
}

/** Along the first axis of three elements, where none is given. */
export function cross(self: Tensor, other: Tensor, dim: number | null, call: Call): Tensor {
  const shape = commonShape(self.shape, other.shape);
  const axis = dim ?? shape.indexOf(3);
  if (axis === -1 && dim === null)
    throw new RangeError(message(call.where, 'self', 'an axis of 3 elements', showShape(shape)));
  return linalgCross(self, other, axis, call);
}
