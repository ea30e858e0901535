/**
 * sigmoid and tanh that can be differentiated twice, and a relu that keeps NaN.
 *
 * tfjs 4.22 saves the *output* of both for their gradients, and records that copy on the tape before the op itself: a second
 * derivative through it is lost without a word. Where a tape records, these save the input and compute the derivative from it;
 * anywhere else they are tfjs's own.
 */

import {
  customGrad,
  type GradSaveFunc,
  maximum,
  mul,
  sigmoid as sigmoidOp,
  step,
  sub,
  type Tensor,
  tanh as tanhOp,
} from '@tensorflow/tfjs-core';
import { gradientDepth } from '../../tfjs-internals/tape.js';

function twiceDifferentiable<T extends Tensor>(x: T, f: (x: T) => T, derivative: (y: T) => Tensor): T {
  const evaluate = (at: T): T => {
    if (gradientDepth() === 0) return f(at);
    const op = customGrad((...args) => {
      const [input, save] = args as unknown as [T, GradSaveFunc];
      save([input]);
      return {
        value: f(input),
        gradFunc: (dy: T, [saved]: Tensor[]) => mul(dy, derivative(evaluate(saved as T))),
      };
    });
    return op(at) as T;
  };
  return evaluate(x);
}

/** 1 / (1 + exp(-x)). */
export function sigmoid<T extends Tensor>(x: T): T {
  return twiceDifferentiable(x, sigmoidOp, (y) => mul(y, sub(1, y)));
}

export function tanh<T extends Tensor>(x: T): T {
  return twiceDifferentiable(x, tanhOp, (y) => sub(1, mul(y, y)));
}

/** max(x, 0), of which tfjs's relu on wasm makes 0 where x is NaN. At 0 the derivative is 0, as in torch: that of tf.maximum is 1. */
export function relu<T extends Tensor>(x: T): T {
  const op = customGrad((...args) => {
    const [input, save] = args as unknown as [T, GradSaveFunc];
    save([input]);
    return {
      value: maximum(input, 0) as T,
      gradFunc: (dy: T, [saved]: Tensor[]) => mul(dy, step(saved as T)),
    };
  });
  return op(x) as T;
}
