/** Elements replaced by their indices or a mask: each op gives a new tensor. */

import {
  add,
  cumsum,
  maximum,
  minimum,
  mul,
  ones,
  reshape,
  sub,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { addAlong, placesOf, putAlong } from '../../../nn/indexing/along.js';
import { choose } from '../../../nn/indexing/choose.js';
import { int } from '../../../nn/indexing/int.js';
import { addRows, putRows, takeRows } from '../../../nn/indexing/rows.js';
import { offTape } from '../../../nn/off-tape.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { permute } from '../../../nn/shape/permute.js';
import { sliceAlong, withSize } from '../../../nn/shape/slice.js';
import { diagonalScatter, inverse } from '../shapes/diagonals.js';
import { concatenate } from '../shapes/joining.js';
import { axisOf } from '../shared/axes.js';
import { as, type Operand } from '../shared/dtypes.js';
import { type IndexOptions, indexedBy, indexInto, indicesInto } from '../shared/indices.js';
import type { Call, OpFunction } from '../types.js';
import { layOut, sliceRange, steps } from './indexing.js';
import { scatterReduce } from './scatter-reduce.js';

/** A number or tensor of one element as a tensor of self's dtype and of a shape. */
const filled = (self: Tensor, value: Operand, shape: readonly number[]) =>
  expand(reshape(as(value, self.dtype), []), shape);

/** The sum of tensors of one dtype; of booleans, whether any holds. */
function plus(self: Tensor, other: Tensor): Tensor {
  if (self.dtype !== 'bool') return add(self, other);
  return as(add(as(self, 'int32'), as(other, 'int32')), 'bool');
}

function maskedFill(self: Tensor, mask: Tensor, value: Operand): Tensor {
  return choose(mask, as(value, self.dtype), self);
}

/** The n-th element of the mask that holds takes the n-th of source. */
function maskedScatter(self: Tensor, mask: Tensor, source: Tensor): Tensor {
  const shape = commonShape(self.shape, mask.shape);
  const [x, holds] = [expand(self, shape), expand(mask, shape)];
  if (x.size === 0 || source.size === 0) return x;
  const places = offTape(() => {
    const count = cumsum(as(reshape(holds, [x.size]), 'int32'));
    return minimum(maximum(sub(count, int(1)), int(0)), int(source.size - 1)) as Tensor1D;
  });
  return choose(holds, reshape(takeRows(reshape(source, [source.size]), places), shape), x);
}

/** Places in self, and the part of src that goes there. */
function scattered(self: Tensor, dim: number, index: Tensor, src: Operand, call: Call): [Tensor1D, Tensor] {
  const axis = axisOf(dim, self.rank);
  const ids = indicesInto(self.shape[axis] ?? 1, index, call);
  const places = self.rank === 0 ? reshape(ids, [ids.size]) : placesOf(ids, axis, self.shape);
  const isValue = typeof src === 'number' || typeof src === 'boolean';
  const rows = isValue ? filled(self, src, index.shape) : corner(as(src, self.dtype), index.shape);
  return [places as Tensor1D, reshape(rows, [index.size])];
}

/** The first elements along each axis. */
function corner(src: Tensor, shape: readonly number[]): Tensor {
  return shape.reduce((x, size, axis) => sliceAlong(x, axis, 0, size), src);
}

function scatter(self: Tensor, dim: number, index: Tensor, src: Operand, call: Call): Tensor {
  if (index.size === 0) return self;
  const [places, rows] = scattered(self, dim, index, src, call);
  return reshape(putRows(reshape(self, [self.size]), places, rows), self.shape);
}

function scatterAdd(self: Tensor, dim: number, index: Tensor, src: Operand, call: Call): Tensor {
  if (index.size === 0) return self;
  const [places, rows] = scattered(self, dim, index, src, call);
  return plus(self, reshape(addRows(rows, places, self.size), self.shape));
}

/** `reduce` of the older form: add, multiply. */
function scatterWith(
  self: Tensor,
  dim: number,
  index: Tensor,
  src: Operand,
  reduce: string,
  call: Call,
): Tensor {
  return reduce === 'add'
    ? scatterAdd(self, dim, index, src, call)
    : scatterBy(self, dim, index, src, reduce === 'multiply' ? 'prod' : reduce, true, call);
}

function scatterBy(
  self: Tensor,
  dim: number,
  index: Tensor,
  src: Operand,
  reduce: string,
  includeSelf: boolean,
  call: Call,
): Tensor {
  if (index.size === 0) return self;
  const [places, rows] = scattered(self, dim, index, src, call);
  return reshape(
    scatterReduce(reshape(self, [self.size]), places, rows, { reduce, includeSelf, call }),
    self.shape,
  );
}

function indexPut(
  self: Tensor,
  indices: readonly (Tensor | null)[],
  values: Tensor,
  accumulate: boolean,
  call: Call,
): Tensor {
  const [mask] = indices;
  // One value at all places of a mask: no size depends on it.
  if (indices.length === 1 && mask?.dtype === 'bool' && values.size === 1 && !accumulate) {
    const whole = [...mask.shape, ...new Array<number>(self.rank - mask.rank).fill(1)];
    return maskedFill(self, reshape(mask, whole), reshape(values, []));
  }
  const indexed = indexedBy(self, indices, call);
  if (indexed.axes.length === 0) {
    const whole = expand(values, self.shape);
    return accumulate ? plus(self, whole) : whole;
  }
  const { order, axis, joined, result } = layOut(self, indexed);
  if (result.includes(0)) return self;
  const turned = order ? permute(self, order) : self;
  const x = reshape(turned, [...joined]);
  const rows = reshape(expand(as(values, self.dtype), result), withSize(joined, axis, indexed.ids.size));
  const put = accumulate
    ? plus(x, addAlong(rows, axis, indexed.ids, joined[axis] as number))
    : putAlong(x, axis, indexed.ids, rows);
  const back = reshape(put, turned.shape);
  return order ? permute(back, inverse(order)) : back;
}

/** An axis, and indices into it as a list. */
function alongDim(
  self: Tensor,
  dim: number,
  index: Tensor,
  call: Call,
  options?: IndexOptions,
): [number, Tensor1D] {
  const axis = axisOf(dim, self.rank);
  const ids = indicesInto(self.shape[axis] as number, index, call, options);
  return [axis, reshape(ids, [ids.size]) as Tensor1D];
}

/** Ops of self along an axis, of which a tensor without axes has one. */
function withAxis(self: Tensor, run: (x: Tensor) => Tensor): Tensor {
  return self.rank === 0 ? reshape(run(reshape(self, [1])), []) : run(self);
}

function indexAdd(
  self: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  alpha: number,
  call: Call,
): Tensor {
  if (index.size === 0) return self;
  return withAxis(self, (x) => {
    const [axis, ids] = alongDim(x, dim, index, call);
    const rows = reshape(source, withSize(x.shape, axis, ids.size));
    return plus(
      x,
      addAlong(alpha === 1 ? rows : mul(rows, as(alpha, rows.dtype)), axis, ids, x.shape[axis] as number),
    );
  });
}

/** What goes to one place along an axis is brought to one. */
function indexReduce(
  self: Tensor,
  dim: number,
  index: Tensor,
  source: Tensor,
  reduce: string,
  includeSelf: boolean,
  call: Call,
): Tensor {
  if (source.size === 0) return self;
  return withAxis(self, (x) => {
    const [axis, ids] = alongDim(x, dim, index, call);
    const shape = withSize(x.shape, axis, ids.size);
    const sizes = shape.map((_, i) => (i === axis ? ids.size : 1));
    const places = placesOf(
      offTape(() => expand(reshape(ids, sizes), shape)),
      axis,
      x.shape,
    );
    const options = { reduce, includeSelf, call };
    const [flat, rows] = [reshape(x, [x.size]), reshape(source, [source.size])];
    return reshape(scatterReduce(flat, places, rows, options), x.shape);
  });
}

function indexCopy(self: Tensor, dim: number, index: Tensor, source: Tensor, call: Call): Tensor {
  if (index.size === 0) return self;
  return withAxis(self, (x) => {
    const [axis, ids] = alongDim(x, dim, index, call);
    return putAlong(x, axis, ids, reshape(source, withSize(x.shape, axis, ids.size)));
  });
}

function indexFill(self: Tensor, dim: number, index: Tensor, value: Operand, call: Call): Tensor {
  if (index.size === 0) return self;
  return withAxis(self, (x) => {
    const [axis, ids] = alongDim(x, dim, index, call, { fromEnd: true });
    const size = x.shape[axis] as number;
    const isFilled = offTape(() => {
      const times = addRows(ones([ids.size], 'int32'), ids, size);
      return reshape(as(times, 'bool'), [size, ...new Array<number>(x.rank - 1 - axis).fill(1)]);
    });
    return maskedFill(x, isFilled, value);
  });
}

function put(self: Tensor, index: Tensor, source: Tensor, accumulate: boolean, call: Call): Tensor {
  if (index.size === 0) return self;
  const [flat, rows] = [reshape(self, [self.size]), reshape(source, [source.size])];
  const ids = reshape(indicesInto(self.size, index, call, { fromEnd: true }), [index.size]) as Tensor1D;
  const result = accumulate ? plus(flat, addRows(rows, ids, self.size)) : putRows(flat, ids, rows);
  return reshape(result, self.shape);
}

function sliceScatter(
  self: Tensor,
  src: Tensor,
  dim: number,
  start: number | null,
  end: number | null,
  step: number,
): Tensor {
  const axis = axisOf(dim, self.rank);
  const size = self.shape[axis] as number;
  const [first, length] = sliceRange(size, start, end);
  if (length === 0) return self;
  const values = as(src, self.dtype);
  if (step > 1) {
    const ids = steps(first, length, step);
    return putAlong(self, axis, ids, expand(values, withSize(self.shape, axis, ids.size)));
  }
  const part = expand(values, withSize(self.shape, axis, length));
  const behind = sliceAlong(self, axis, first + length, size - first - length);
  return concatenate([sliceAlong(self, axis, 0, first), part, behind], axis);
}

function selectScatter(self: Tensor, src: Tensor, dim: number, index: number, call: Call): Tensor {
  const axis = axisOf(dim, self.rank);
  const start = indexInto(self.shape[axis] as number, index, call);
  const part = reshape(expand(src, withSize(self.shape, axis)), withSize(self.shape, axis, 1));
  return sliceScatter(self, part, axis, start, start + 1, 1);
}

const INDEX_PUT = 'Tensor self, Tensor?[] indices, Tensor values, bool accumulate=False';

export const WRITING: Readonly<Record<string, OpFunction>> = {
  'aten::masked_fill.Scalar(Tensor self, Tensor mask, Scalar value) -> Tensor': maskedFill,
  'aten::masked_fill.Tensor(Tensor self, Tensor mask, Tensor value) -> Tensor': maskedFill,
  'aten::masked_scatter(Tensor self, Tensor mask, Tensor source) -> Tensor': maskedScatter,
  'aten::scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor': scatter,
  'aten::scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor': scatter,
  'aten::scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor':
    scatterWith,
  'aten::scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor':
    scatterWith,
  'aten::scatter_add(Tensor self, int dim, Tensor index, Tensor src) -> Tensor': scatterAdd,
  'aten::scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, bool include_self=True) -> Tensor':
    scatterBy,
  [`aten::index_put(${INDEX_PUT}) -> Tensor`]: indexPut,
  [`aten::_unsafe_index_put(${INDEX_PUT}) -> Tensor`]: indexPut,
  [`aten::_index_put_impl(${INDEX_PUT}, bool unsafe=False) -> Tensor`]: (
    self: Tensor,
    indices: readonly (Tensor | null)[],
    values: Tensor,
    accumulate: boolean,
    _unsafe: boolean,
    call: Call,
  ) => indexPut(self, indices, values, accumulate, call),
  'aten::index_add(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1) -> Tensor': indexAdd,
  'aten::index_reduce(Tensor self, int dim, Tensor index, Tensor source, str reduce, *, bool include_self=True) -> Tensor':
    indexReduce,
  'aten::index_copy(Tensor self, int dim, Tensor index, Tensor source) -> Tensor': indexCopy,
  'aten::index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor': indexFill,
  'aten::index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor': indexFill,
  'aten::put(Tensor self, Tensor index, Tensor source, bool accumulate=False) -> Tensor': put,
  'aten::select_scatter(Tensor self, Tensor src, int dim, SymInt index) -> Tensor': selectScatter,
  'aten::slice_scatter(Tensor self, Tensor src, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor':
    sliceScatter,
  'aten::diagonal_scatter(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor':
    diagonalScatter,
};
