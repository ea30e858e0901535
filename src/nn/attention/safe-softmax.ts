import {
  customGrad,
  divNoNan,
  exp,
  type GradSaveFunc,
  max,
  mul,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { usingUp } from '../in-turn.js';
import { finiteOrZero } from '../log-sum-exp.js';

/** The softmax along the last axis; zeros, and no gradient, where all elements are -Infinity. Call inside `tidy`. */
export function safeSoftmax(x: Tensor): Tensor {
  if (x.size === 0) return x;
  const op = customGrad((input, save) => {
    const y = usingUp(
      input as Tensor,
      (scores) => sub(scores, finiteOrZero(max(scores, -1, true))),
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
