import {
  abs,
  customGrad,
  divNoNan,
  equal,
  exp,
  type GradSaveFunc,
  max,
  mul,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { usingUp } from '../in-turn.js';

/** The softmax along the last axis; zeros, and no gradient, where all elements are -Infinity. Call inside `tidy`. */
export function safeSoftmax(x: Tensor): Tensor {
  if (x.size === 0) return x;
  const op = customGrad((input, save) => {
    const y = usingUp(
      input as Tensor,
      (scores) => {
        const highest = max(scores, -1, true);
        return sub(scores, where(equal(abs(highest), Number.POSITIVE_INFINITY), zerosLike(highest), highest));
      },
      exp,
      (weights) => divNoNan(weights, sum(weights, -1, true)),
    );
    (save as GradSaveFunc)([y]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => {
      const y = saved as Tensor;
      return mul(y, sub(dy, sum(mul(dy, y), -1, true)));
    };
    return { value: y, gradFunc };
  });
  return op(x);
}
