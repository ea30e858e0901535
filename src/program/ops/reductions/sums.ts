/** Sums, means, products, counts, and whether any or all are true. */

import {
  all,
  any,
  div,
  eye,
  isNaN as isNotANumber,
  logicalNot,
  mean,
  mul,
  notEqual,
  reshape,
  slice,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { offTape } from '../../../nn/off-tape.js';
import { axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';
import { type Dim, reduce } from './reduce.js';

function sumOf(self: Tensor, dim: Dim, keepdim: boolean, call: Call): Tensor {
  return reduce(as(self, resultDtype(call)), dim, keepdim, sum, 0);
}

function meanOf(self: Tensor, dim: Dim, keepdim: boolean, call: Call): Tensor {
  return reduce(as(self, resultDtype(call)), dim, keepdim, mean, Number.NaN);
}

function prodOf(self: Tensor, dim: number | null, keepdim: boolean, call: Call): Tensor {
  const x = as(self, resultDtype(call));
  if (dim === null) return reduce(reshape(x, [x.size]), 0, keepdim, productAlong, 1);
  return reduce(x, dim, keepdim, productAlong, 1);
}

/** Halves are multiplied until one is left: each product has the gradient of tf.mul, at zeros too. */
function productAlong(x: Tensor, [axis]: number[]): Tensor {
  const at = axis as number;
  const size = x.shape[at] as number;
  if (size === 1) return x;
  const half = size >> 1;
  const part = (begin: number, steps: number) =>
    slice(
      x,
      x.shape.map((_, i) => (i === at ? begin : 0)),
      x.shape.map((all, i) => (i === at ? steps : all)),
    );
  const halves = mul(part(0, half), part(half, half));
  const product = productAlong(halves, [at]);
  return size % 2 === 0 ? product : mul(product, part(size - 1, 1));
}

function nanToZero(x: Tensor): Tensor {
  return x.dtype === 'float32'
    ? where(
        offTape(() => isNotANumber(x)),
        zerosLike(x),
        x,
      )
    : x;
}

function truth(x: Tensor): Tensor {
  return x.dtype === 'bool' ? x : notEqual(x, as(0, x.dtype));
}

function testOf(test: typeof any, ofNothing: number) {
  return (self: Tensor, dim: Dim, keepdim: boolean) =>
    reduce(truth(self), dim, keepdim, (x, axes) => test(x, axes), ofNothing);
}

const anyOf = testOf(any, 0);
const allOf = testOf(all, 1);

function countOf(self: Tensor, dim: Dim): Tensor {
  return reduce(as(truth(self), 'int32'), dim, false, sum, 0);
}

/** `dim=[]` leaves every element by itself here, while it is all axes elsewhere. */
const testOrSelf =
  (test: ReturnType<typeof testOf>): OpFunction =>
  (self: Tensor, dim: readonly number[] | null, keepdim: boolean) =>
    dim?.length === 0 ? truth(self) : test(self, dim, keepdim);

export const SUMS: Readonly<Record<string, OpFunction>> = {
  'aten::sum(Tensor self, *, ScalarType? dtype=None) -> Tensor': (self: Tensor, _dtype: null, call: Call) =>
    sumOf(self, null, false, call),
  'aten::sum.dim_IntList(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    (self: Tensor, dim: Dim, keepdim: boolean, _dtype: null, call: Call) => sumOf(self, dim, keepdim, call),
  'aten::nansum(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor': (
    self: Tensor,
    dim: Dim,
    keepdim: boolean,
    _dtype: null,
    call: Call,
  ) => sumOf(nanToZero(self), dim, keepdim, call),
  'aten::nanmean(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor': (
    self: Tensor,
    dim: Dim,
    keepdim: boolean,
    _dtype: null,
    call: Call,
  ) => {
    const count = offTape(() => reduce(as(logicalNot(isNotANumber(self)), 'float32'), dim, keepdim, sum, 0));
    return div(sumOf(nanToZero(self), dim, keepdim, call), count);
  },
  'aten::mean(Tensor self, *, ScalarType? dtype=None) -> Tensor': (self: Tensor, _dtype: null, call: Call) =>
    meanOf(self, null, false, call),
  'aten::mean.dim(Tensor self, int[1]? dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor': (
    self: Tensor,
    dim: Dim,
    keepdim: boolean,
    _dtype: null,
    call: Call,
  ) => meanOf(self, dim, keepdim, call),
  'aten::prod(Tensor self, *, ScalarType? dtype=None) -> Tensor': (self: Tensor, _dtype: null, call: Call) =>
    prodOf(self, null, false, call),
  'aten::prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor': (
    self: Tensor,
    dim: number,
    keepdim: boolean,
    _dtype: null,
    call: Call,
  ) => prodOf(self, axisOf(dim, self.rank), keepdim, call),
  'aten::any(Tensor self) -> Tensor': (self: Tensor) => anyOf(self, null, false),
  'aten::any.dim(Tensor self, int dim, bool keepdim=False) -> Tensor': anyOf,
  'aten::any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor': testOrSelf(anyOf),
  'aten::all(Tensor self) -> Tensor': (self: Tensor) => allOf(self, null, false),
  'aten::all.dim(Tensor self, int dim, bool keepdim=False) -> Tensor': allOf,
  'aten::all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor': testOrSelf(allOf),
  'aten::count_nonzero(Tensor self, int? dim=None) -> Tensor': (self: Tensor, dim: Dim) => countOf(self, dim),
  'aten::count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor': (self: Tensor, dim: Dim) =>
    countOf(self, dim),
  'aten::trace(Tensor self) -> Tensor': (self: Tensor, call: Call) => {
    const x = as(self, resultDtype(call));
    const size = Math.min(...(x.shape as [number, number]));
    const square = slice(x, [0, 0], [size, size]);
    return sum(mul(square, as(eye(size), x.dtype)));
  },
};
