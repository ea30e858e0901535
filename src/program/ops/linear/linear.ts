/** Products of matrices and vectors, and what is made of them. */

import { add, expandDims, mul, reshape, sum, type Tensor, util } from '@tensorflow/tfjs-core';
import { einsum } from '../../../nn/einsum.js';
import { constantOf, isEmpty } from '../../../nn/empty.js';
import { linear } from '../../../nn/linear.js';
import { matmul } from '../../../nn/matmul.js';
import { commonShape } from '../../../nn/shape/expand.js';
import { permute } from '../../../nn/shape/permute.js';
import { axesOf, axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';
import { cross, linalgCross } from './cross.js';
import { cosineSimilarity, distances, pairDistance } from './distances.js';

function product(a: Tensor, b: Tensor, call: Call): Tensor {
  const dtype = resultDtype(call);
  return matmul(as(a, dtype), as(b, dtype));
}

/** `beta * self + alpha * product`, where a beta of 0 leaves self out, NaN and all. */
function combined(self: Tensor, made: Tensor, beta: number, alpha: number): Tensor {
  const scaled = alpha === 1 ? made : mul(made, as(alpha, made.dtype));
  if (beta === 0) return scaled;
  if (scaled.size === 0) return scaled;
  const summand = as(self, made.dtype);
  return add(beta === 1 ? summand : mul(summand, as(beta, made.dtype)), scaled);
}

/** `input @ weight.T + bias`; tf.matMul has no integers on wasm. */
function integersOf(input: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const made = matmul(input, weight.rank === 2 ? permute(weight, [1, 0]) : weight);
  return bias && made.size > 0 ? add(made, bias) : made;
}

const adding =
  (multiply: (a: Tensor, b: Tensor) => Tensor): OpFunction =>
  (self: Tensor, a: Tensor, b: Tensor, beta: number, alpha: number) =>
    combined(self, multiply(a, b), beta, alpha);

function outer(a: Tensor, b: Tensor): Tensor {
  return timesOver(expandDims(a, 1), expandDims(b, 0));
}

/** The product of elements that broadcast; tf.mul has no gradients for tensors without elements. */
function timesOver(a: Tensor, b: Tensor): Tensor {
  const shape = commonShape(a.shape, b.shape);
  return isEmpty(shape) ? constantOf(shape, [a, b], 0, a.dtype) : mul(a, b);
}

/** The sum of the products of a batch: its matrices side by side. */
function sumOfProducts(a: Tensor, b: Tensor): Tensor {
  return einsum('bij,bjk->ik', [a, b]);
}

function inner(a: Tensor, b: Tensor, call: Call): Tensor {
  const dtype = resultDtype(call);
  const [x, y] = [as(a, dtype), as(b, dtype)];
  if (x.rank === 0 || y.rank === 0) return mul(x, y);
  const last = y.rank - 1;
  const flat = matmul(
    reshape(x, [-1, x.shape.at(-1) as number]),
    permute(reshape(y, [-1, y.shape[last] as number]), [1, 0]),
  );
  return reshape(flat, [...x.shape.slice(0, -1), ...y.shape.slice(0, -1)]);
}

function tensordot(
  a: Tensor,
  b: Tensor,
  dimsA: readonly number[],
  dimsB: readonly number[],
  call: Call,
): Tensor {
  const dtype = resultDtype(call);
  const [axesA, axesB] = [axesOf(dimsA, a.rank), axesOf(dimsB, b.rank)];
  const restA = [...a.shape.keys()].filter((axis) => !axesA.includes(axis));
  const restB = [...b.shape.keys()].filter((axis) => !axesB.includes(axis));
  const sizes = (x: Tensor, axes: readonly number[]) => axes.map((axis) => x.shape[axis] as number);
  const count = (x: Tensor, axes: readonly number[]) => util.sizeFromShape(sizes(x, axes));
  const rows = reshape(permute(as(a, dtype), [...restA, ...axesA]), [count(a, restA), count(a, axesA)]);
  const columns = reshape(permute(as(b, dtype), [...axesB, ...restB]), [count(b, axesB), count(b, restB)]);
  return reshape(matmul(rows, columns), [...sizes(a, restA), ...sizes(b, restB)]);
}

function kron(a: Tensor, b: Tensor): Tensor {
  const rank = Math.max(a.rank, b.rank);
  const padded = (x: Tensor) => [...new Array<number>(rank - x.rank).fill(1), ...x.shape];
  const [sizesA, sizesB] = [padded(a), padded(b)];
  const made = mul(
    reshape(
      a,
      sizesA.flatMap((size) => [size, 1]),
    ),
    reshape(
      b,
      sizesB.flatMap((size) => [1, size]),
    ),
  );
  return reshape(
    made,
    sizesA.map((size, i) => size * (sizesB[i] as number)),
  );
}

export const LINEAR: Readonly<Record<string, OpFunction>> = {
  'aten::linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor': (
    input: Tensor,
    weight: Tensor,
    bias: Tensor | null,
  ) => (input.dtype === 'int32' ? integersOf(input, weight, bias) : linear(input, weight, bias ?? undefined)),
  'aten::matmul(Tensor self, Tensor other) -> Tensor': product,
  'aten::linalg_matmul(Tensor self, Tensor other) -> Tensor': product,
  'aten::mm(Tensor self, Tensor mat2) -> Tensor': product,
  'aten::bmm(Tensor self, Tensor mat2) -> Tensor': product,
  'aten::mv(Tensor self, Tensor vec) -> Tensor': product,
  'aten::dot(Tensor self, Tensor tensor) -> Tensor': product,
  'aten::vdot(Tensor self, Tensor other) -> Tensor': product,
  'aten::linalg_multi_dot(Tensor[] tensors) -> Tensor': (tensors: readonly Tensor[]) =>
    tensors.reduce((a, b) => matmul(a, b)),
  'aten::chain_matmul(Tensor[] matrices) -> Tensor': (matrices: readonly Tensor[]) =>
    matrices.reduce((a, b) => matmul(a, b)),
  'aten::addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1) -> Tensor':
    adding(matmul),
  'aten::baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor':
    adding(matmul),
  'aten::addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor':
    adding(matmul),
  'aten::addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor':
    adding(sumOfProducts),
  'aten::addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor':
    adding(outer),
  'aten::outer(Tensor self, Tensor vec2) -> Tensor': outerOf,
  'aten::ger(Tensor self, Tensor vec2) -> Tensor': outerOf,
  'aten::inner(Tensor self, Tensor other) -> Tensor': inner,
  'aten::einsum(str equation, Tensor[] tensors, *, int[]? path=None) -> Tensor': (
    equation: string,
    tensors: readonly Tensor[],
    _path: null,
    call: Call,
  ) =>
    einsum(
      equation,
      tensors.map((tensor) => as(tensor, resultDtype(call))),
    ),
  'aten::tensordot(Tensor self, Tensor other, int[] dims_self, int[] dims_other) -> Tensor': tensordot,
  'aten::cross(Tensor self, Tensor other, int? dim=None) -> Tensor': cross,
  'aten::linalg_cross(Tensor self, Tensor other, *, int dim=-1) -> Tensor': linalgCross,
  'aten::kron(Tensor self, Tensor other) -> Tensor': kron,
  'aten::linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor': (x: Tensor, y: Tensor, dim: number) => {
    const made = timesOver(x, y);
    return sum(made, axisOf(dim, made.rank));
  },
  'aten::bilinear(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor': (
    input1: Tensor,
    input2: Tensor,
    weight: Tensor,
    bias: Tensor | null,
  ) => {
    const made = einsum('...i,oij,...j->...o', [input1, weight, input2]);
    return bias && made.size > 0 ? add(made, bias) : made;
  },
  'aten::cdist(Tensor x1, Tensor x2, float p=2., int? compute_mode=None) -> Tensor': distances,
  'aten::_cdist_forward(Tensor x1, Tensor x2, float p, int? compute_mode) -> Tensor': distances,
  'aten::pairwise_distance(Tensor x1, Tensor x2, float p=2., float eps=9.9999999999999995e-07, bool keepdim=False) -> Tensor':
    pairDistance,
  'aten::cosine_similarity(Tensor x1, Tensor x2, int dim=1, float eps=1e-08) -> Tensor': cosineSimilarity,
};

function outerOf(self: Tensor, vec2: Tensor, call: Call): Tensor {
  const dtype = resultDtype(call);
  return outer(as(self, dtype), as(vec2, dtype));
}
