import {
  abs,
  cast,
  customGrad,
  equal,
  type GradSaveFunc,
  max,
  min,
  mul,
  notEqual,
  pow,
  reshape,
  sign,
  square,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { evenly } from './extremes.js';
import { usingUp } from './in-turn.js';
import { offTape } from './off-tape.js';
import { sqrtWithoutSlopeAtZero } from './sqrt.js';

/**
 * `torch.linalg.vector_norm`: `sum(|x|^p)^(1/p)` over axes; the greatest or least `|x|` for p = ±Infinity, the number of elements that
 * are not zero for p = 0. The gradient at a norm of 0 is 0. Call inside `tidy`.
 *
 * @param x float32.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.linalg.vector_norm.html
 */
export function vectorNorm(x: Tensor, p: number, axes: number[]): Tensor {
  if (p === 2) return usingUp(x, square, (squares) => sum(squares, axes), sqrtWithoutSlopeAtZero);
  if (p === 1) return usingUp(x, magnitude, (y) => sum(y, axes));
  if (p === 0) return offTape(() => sum(cast(notEqual(x, 0), 'float32'), axes));
  if (p === Number.POSITIVE_INFINITY) return evenly(max, magnitude(x), axes);
  if (p === Number.NEGATIVE_INFINITY) return evenly(min, magnitude(x), axes);
  return normOf(x, p, axes);
}

/** `|x|`, whose gradient at 0 is 0. */
function magnitude(x: Tensor): Tensor {
  return mul(x, sign(x));
}

function normOf(x: Tensor, p: number, axes: number[]): Tensor {
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  const op = customGrad((input, save) => {
    const y = pow(sum(pow(abs(input as Tensor), p), axes), 1 / p);
    (save as GradSaveFunc)([input as Tensor, y]);
    const gradFunc = (dy: Tensor, [x, y]: Tensor[]) => {
      const norm = reshape(y as Tensor, kept);
      const slope = mul(sign(x as Tensor), pow(abs(x as Tensor), p - 1));
      const scale = mul(reshape(dy, kept), pow(norm, 1 - p));
      return mul(unless(equal(x as Tensor, 0), slope), unless(equal(norm, 0), scale));
    };
    return { value: y, gradFunc };
  });
  return op(x);
}

function unless(condition: Tensor, x: Tensor): Tensor {
  return where(condition, zerosLike(x), x);
}
