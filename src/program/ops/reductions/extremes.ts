/** Greatest, least and middle elements, and where they are. */

import {
  any,
  cast,
  isNaN as isNotANumber,
  max,
  min,
  reshape,
  slice,
  type Tensor,
  topk,
  transpose,
} from '@tensorflow/tfjs-core';
import { constantOf } from '../../../nn/empty.js';
import { evenly, indexOfExtreme, valuesAt } from '../../../nn/extremes.js';
import { choose } from '../../../nn/indexing/choose.js';
import { offTape } from '../../../nn/off-tape.js';
import { axisOf } from '../shared/axes.js';
import { as } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';
import { ofAll } from './modes.js';
import { type Dim, reduce, reductionOf } from './reduce.js';

type Extreme = typeof max;

/** tfjs compares no bools. */
function comparable(x: Tensor): Tensor {
  return x.dtype === 'bool' ? cast(x, 'int32') : x;
}

/** `amax`: the gradient is shared by all that are equal. torch refuses axes without elements. */
const extremeOf =
  (extreme: Extreme) =>
  (self: Tensor, dim: Dim, keepdim: boolean, call: Call): Tensor => {
    const compute = (x: Tensor, axes: number[]) =>
      x.dtype === 'float32' ? evenly(extreme, x, axes) : extreme(x, axes);
    return as(reduce(comparable(self), dim, keepdim, compute, call), self.dtype);
  };

const indexOf =
  (extreme: Extreme) =>
  (self: Tensor, dim: number | null, keepdim: boolean, call: Call): Tensor => {
    const x = comparable(self);
    const compute = (each: Tensor, [axis]: number[]) => indexOfExtreme(extreme, each, axis as number);
    if (dim !== null) return reduce(x, dim, keepdim, compute, call, 'int32');
    const flat = reduce(reshape(x, [x.size]), 0, false, compute, call, 'int32');
    return keepdim ? reshape(flat, new Array<number>(x.rank).fill(1)) : flat;
  };

/** `max.dim`: values and indices; the gradient goes to the index alone. */
const extremeAlong =
  (extreme: Extreme) =>
  (self: Tensor, dim: number, keepdim: boolean, call: Call): Tensor[] => {
    const indices = indexOf(extreme)(self, dim, keepdim, call);
    const compute = (x: Tensor, [axis]: number[]) => pick(extreme(x, axis), indices, x, axis as number);
    return [as(reduce(comparable(self), dim, keepdim, compute, call), self.dtype), indices];
  };

function pick(values: Tensor, indices: Tensor, x: Tensor, axis: number): Tensor {
  return x.dtype === 'float32' ? valuesAt(values, reshape(indices, values.shape), x, axis) : values;
}

/** The lower of the two in the middle where there are two. */
function medianAlong(self: Tensor, dim: number, keepdim: boolean): Tensor[] {
  const { shape } = reductionOf(self, dim, keepdim);
  if (self.size === 0)
    return [constantOf(shape, [self], Number.NaN, self.dtype), constantOf(shape, [], 0, 'int32')];
  const axis = axisOf(dim, self.rank);
  const x = self.rank === 0 ? reshape(self, [1]) : self;
  const size = x.shape[axis] as number;
  const order = [...x.shape.keys()].filter((i) => i !== axis);
  const rows = transpose(x, [...order, axis]);
  const count = size - ((size - 1) >> 1);
  const { values, indices } = topk(rows, count);
  const last = (each: Tensor) =>
    reshape(slice(each, [...new Array<number>(order.length).fill(0), count - 1]), rows.shape.slice(0, -1));
  const [middle, at] = besideNaN(x, axis, last(values), last(indices));
  return [pick(middle, at, x, axis), at].map((each) => reshape(each, shape));
}

/** NaN, and its first index, where there is one. */
function besideNaN(x: Tensor, axis: number, values: Tensor, indices: Tensor): [Tensor, Tensor] {
  if (x.dtype !== 'float32') return [values, indices];
  const hasNaN = offTape(() => any(isNotANumber(x), axis));
  const index = offTape(() => choose(hasNaN, indexOfExtreme(max, x, axis), indices));
  return [offTape(() => choose(hasNaN, max(x, axis), values)), index];
}

const EXTREMES_OF: readonly (readonly [string, Extreme])[] = [
  ['max', max],
  ['min', min as Extreme],
];

export const EXTREMES: Readonly<Record<string, OpFunction>> = {
  ...Object.assign({}, ...EXTREMES_OF.map(([name, extreme]) => familyOf(name, extreme))),
  'aten::aminmax(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor min, Tensor max)': (
    self: Tensor,
    dim: Dim,
    keepdim: boolean,
    call: Call,
  ) => [extremeOf(min as Extreme)(self, dim, keepdim, call), extremeOf(max)(self, dim, keepdim, call)],
  'aten::median(Tensor self) -> Tensor': (self: Tensor) => ofAll(self, medianAlong),
  'aten::median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)':
    medianAlong,
};

function familyOf(name: string, extreme: Extreme): Record<string, OpFunction> {
  return {
    [`aten::${name}(Tensor self) -> Tensor`]: (self: Tensor, call: Call) =>
      extremeOf(extreme)(self, null, false, call),
    [`aten::${name}.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor values, Tensor indices)`]:
      extremeAlong(extreme),
    [`aten::a${name}(Tensor self, int[1] dim=[], bool keepdim=False) -> Tensor`]: extremeOf(extreme),
    [`aten::arg${name}(Tensor self, int? dim=None, bool keepdim=False) -> Tensor`]: indexOf(extreme),
  };
}
