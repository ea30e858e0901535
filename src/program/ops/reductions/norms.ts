/** Norms, and logarithms of sums of exponentials. */

import { add, div, greater, max, min, mul, scalar, sub, type Tensor } from '@tensorflow/tfjs-core';
import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { evenly } from '../../../nn/extremes.js';
import { keeping } from '../../../nn/in-turn.js';
import { choose } from '../../../nn/indexing/choose.js';
import { logSumExp } from '../../../nn/log-sum-exp.js';
import { offTape } from '../../../nn/off-tape.js';
import { vectorNorm } from '../../../nn/vector-norm.js';
import { axesOf, axisOf } from '../shared/axes.js';
import { as } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';
import { type Dim, reduce } from './reduce.js';

function normOf(self: Tensor, p: number | null, dim: Dim, keepdim: boolean): Tensor {
  const power = p ?? 2;
  // Torch refuses the greatest of nothing.
  return reduce(as(self, 'float32'), dim, keepdim, (x, axes) => vectorNorm(x, power, axes), 0);
}

type Order = number | 'fro' | 'nuc';

/** The greatest or least sum of magnitudes along one of two axes, or the root of all squares. */
function matrixNorm(self: Tensor, ord: Order, dim: readonly number[], keepdim: boolean, call: Call): Tensor {
  if (ord === 'fro') return normOf(self, 2, dim, keepdim);
  const [rows, columns] = axesOf(dim, self.rank) as [number, number];
  if (typeof ord !== 'number' || ![1, Number.POSITIVE_INFINITY].includes(Math.abs(ord)))
    throw new UnsupportedError(message(call.where, 'ord', "'fro', 1, -1, Infinity or -Infinity", show(ord)));
  const [summed, left] = Math.abs(ord) === 1 ? [rows, columns] : [columns, rows];
  const sums = normOf(self, 1, summed, true);
  return reduce(sums, [summed, left], keepdim, (x, axes) => evenly(ord > 0 ? max : min, x, axes), 0);
}

function linalgNorm(
  self: Tensor,
  ord: Order | null,
  dim: readonly number[] | null,
  keepdim: boolean,
  call: Call,
): Tensor {
  if (ord === null) return normOf(self, 2, dim, keepdim);
  const axes = dim ?? [...self.shape.keys()];
  return axes.length === 2
    ? matrixNorm(self, ord, axes, keepdim, call)
    : normOf(self, ord as number, axes, keepdim);
}

/** The parts along an axis, each scaled down to a norm of maxNorm where its norm is greater. */
function renorm(self: Tensor, p: number, dim: number, maxNorm: number): Tensor {
  if (self.size === 0) return self;
  const axes = [...self.shape.keys()].filter((axis) => axis !== axisOf(dim, self.rank));
  const norm = keeping([self], () => normOf(self, p, axes, true));
  const isGreater = offTape(() => greater(norm, maxNorm));
  return mul(self, choose(isGreater, div(maxNorm, add(norm, 1e-7)), scalar(1)));
}

export const NORMS: Readonly<Record<string, OpFunction>> = {
  'aten::logsumexp(Tensor self, int[1] dim, bool keepdim=False) -> Tensor': (
    self: Tensor,
    dim: readonly number[],
    keepdim: boolean,
  ) => reduce(as(self, 'float32'), dim, keepdim, logSumExp, Number.NEGATIVE_INFINITY),
  'aten::norm.Scalar(Tensor self, Scalar p=2) -> Tensor': (self: Tensor, p: number) =>
    normOf(self, p, null, false),
  'aten::norm.ScalarOpt_dim(Tensor self, Scalar? p, int[1] dim, bool keepdim=False) -> Tensor': normOf,
  'aten::norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor':
    normOf,
  'aten::norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor': (
    self: Tensor,
    p: number | null,
  ) => normOf(self, p, null, false),
  'aten::linalg_vector_norm(Tensor self, Scalar ord=2, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    normOf,
  'aten::linalg_norm(Tensor self, Scalar? ord=None, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    (
      self: Tensor,
      ord: number | null,
      dim: readonly number[] | null,
      keepdim: boolean,
      _: null,
      call: Call,
    ) => linalgNorm(self, ord, dim, keepdim, call),
  'aten::linalg_norm.ord_str(Tensor self, str ord, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    (self: Tensor, ord: Order, dim: readonly number[] | null, keepdim: boolean, _: null, call: Call) =>
      matrixNorm(self, ord, dim ?? [0, 1], keepdim, call),
  'aten::linalg_matrix_norm(Tensor self, Scalar ord, int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    (self: Tensor, ord: number, dim: readonly number[], keepdim: boolean, _: null, call: Call) =>
      matrixNorm(self, ord, dim, keepdim, call),
  'aten::linalg_matrix_norm.str_ord(Tensor self, str ord="fro", int[] dim=[-2, -1], bool keepdim=False, *, ScalarType? dtype=None) -> Tensor':
    (self: Tensor, ord: Order, dim: readonly number[], keepdim: boolean, _: null, call: Call) =>
      matrixNorm(self, ord, dim, keepdim, call),
  'aten::frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor': (
    self: Tensor,
    dim: Dim,
    keepdim: boolean,
  ) => normOf(self, 2, dim, keepdim),
  'aten::renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor': renorm,
  'aten::dist(Tensor self, Tensor other, Scalar p=2) -> Tensor': (self: Tensor, other: Tensor, p: number) =>
    normOf(sub(self, other), p, null, false),
};
