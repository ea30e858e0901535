/** Areas under curves, by the trapezoidal rule. */

import { add, mul, reshape, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { sliceAlong } from '../../../nn/shape/slice.js';
import { axisOf } from '../shared/axes.js';
import { named, type Pointwise, pointwise } from '../shared/pointwise.js';
import type { OpFunction } from '../types.js';
import { reduce } from './reduce.js';
import { cumsumOf } from './running.js';

/** Between neighbours along an axis: their mean times their distance, that of places x or one for all. */
function areasOf(y: Tensor, x: Tensor | number, axis: number): Tensor {
  const heights = pointwise(add, neighbours(y, axis), 'float32');
  if (typeof x === 'number') return pointwise((sums) => mul(sums, x / 2), [heights], 'float32');
  const places = x.rank === 1 ? reshape(x, [x.size, ...new Array<number>(y.rank - 1 - axis).fill(1)]) : x;
  const sides = neighbours(places, axis - y.rank + places.rank);
  const area: Pointwise = (sums, begin, end) => mul(mul(sums, sub(end, begin)), 0.5);
  return pointwise(area, [heights, ...sides], 'float32');
}

/** All elements along an axis but the last, and all but the first. */
function neighbours(x: Tensor, axis: number): [Tensor, Tensor] {
  const size = x.shape[axis] as number;
  const count = Math.max(size - 1, 0);
  return [sliceAlong(x, axis, 0, count), sliceAlong(x, axis, size - count, count)];
}

function area(y: Tensor, x: Tensor | number, dim: number): Tensor {
  const areas = areasOf(y, x, axisOf(dim, y.rank));
  return reduce(areas, dim, false, (each, axes) => sum(each, axes), 0);
}

function runningArea(y: Tensor, x: Tensor | number, dim: number): Tensor {
  const axis = axisOf(dim, y.rank);
  const areas = areasOf(y, x, axis);
  return areas.size === 0 ? areas : cumsumOf(areas, axis);
}

export const AREAS: Readonly<Record<string, OpFunction>> = {
  ...named(['trapezoid.x', 'trapz.x'], 'Tensor y, Tensor x, *, int dim=-1', area),
  ...named(['trapezoid.dx'], 'Tensor y, *, Scalar dx=1, int dim=-1', area),
  ...named(['trapz.dx'], 'Tensor y, *, float dx=1., int dim=-1', area),
  ...named(['cumulative_trapezoid.x'], 'Tensor y, Tensor x, *, int dim=-1', runningArea),
  ...named(['cumulative_trapezoid.dx'], 'Tensor y, *, Scalar dx=1, int dim=-1', runningArea),
};
