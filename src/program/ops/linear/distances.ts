/** Distances and angles between vectors. */

import { add, customGrad, div, expandDims, maximum, mul, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { constantOf, isEmpty } from '../../../nn/empty.js';
import { inTurn, usingUp, usingUpAll } from '../../../nn/in-turn.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { vectorNorm } from '../../../nn/vector-norm.js';
import { axisOf } from '../shared/axes.js';

/** `|a[..., i, :] - b[..., j, :]|` in the norm p. */
export function distances(a: Tensor, b: Tensor, p: number): Tensor {
  const batch = commonShape(a.shape.slice(0, -2), b.shape.slice(0, -2));
  const shape = [...batch, a.shape.at(-2) as number, b.shape.at(-2) as number];
  if (a.size === 0 || b.size === 0) return constantOf(shape, [a, b], 0);
  return usingUp(
    a,
    (x) => expandDims(x, -2),
    (x) =>
      usingUp(
        b,
        (y) => expandDims(y, -3),
        (y) => sub(x, y),
      ),
    (differences) => vectorNorm(differences, p, [differences.rank - 1]),
  );
}

/** `|a - b + eps|` along the last axis. */
export function pairDistance(a: Tensor, b: Tensor, p: number, eps: number, keepdim: boolean): Tensor {
  const shape = commonShape(a.shape, b.shape);
  if (isEmpty(shape)) return constantOf([...shape.slice(0, -1), ...(keepdim ? [1] : [])], [a, b], 0);
  return usingUp(
    a,
    (x) => usingUp(b, (y) => sub(x, y)),
    (differences) => add(differences, eps),
    (differences) => vectorNorm(differences, p, [differences.rank - 1]),
    (distance) => (keepdim ? expandDims(distance, -1) : distance),
  );
}

/** The sum of the products of both vectors, each divided by its norm, or by eps where that is greater. */
export function cosineSimilarity(a: Tensor, b: Tensor, dim: number, eps: number): Tensor {
  const shape = commonShape(a.shape, b.shape);
  const axis = axisOf(dim, shape.length);
  if (isEmpty(shape))
    return constantOf(
      shape.filter((_, i) => i !== axis),
      [a, b],
      0,
    );
  const lengths = (x: Tensor) =>
    inTurn(
      x,
      (whole) => vectorNorm(whole, 2, [axis]),
      (norms) => expandDims(norms, axis),
      (norms) => atLeast(norms, eps),
    );
  return usingUpAll(
    [a, b],
    (x) =>
      usingUp(
        x,
        (value) => expand(value, shape),
        (whole) => div(whole, lengths(whole)),
      ),
    mul,
    (products) => sum(products, axis),
  );
}

/** torch clamps the norm outside of its gradient, which passes as if the norm stood there itself. */
function atLeast(norm: Tensor, eps: number): Tensor {
  const op = customGrad((x) => ({ value: maximum(x as Tensor, eps), gradFunc: (dy: Tensor) => dy }));
  return op(norm);
}
