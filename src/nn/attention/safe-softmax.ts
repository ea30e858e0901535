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
import { inTurn } from '../in-turn.js';

/** The softmax along the last axis; zeros, and no gradient, where all elements are -Infinity. Call inside `tidy`. */
export function safeSoftmax(x: Tensor): Tensor {
  const op = customGrad((input, save) => {
    const highest = max(input as Tensor, -1, true);
    const shift = where(equal(abs(highest), Number.POSITIVE_INFINITY), zerosLike(highest), highest);
    const y = inTurn(
      input as Tensor,
      (scores) => sub(scores, shift),
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
