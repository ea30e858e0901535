/** Losses of differences, element by element. */

import { add, exp, less, log, mul, sign, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { emptyOf, isEmpty } from '../../../nn/empty.js';
import { choose } from '../../../nn/indexing/choose.js';
import { offTape } from '../../../nn/off-tape.js';
import { commonShape } from '../../../nn/shape/expand.js';
import type { OpFunction } from '../types.js';
import { reduced } from './reduced.js';

/** The loss of each pair of elements, which broadcast. */
function losses(self: Tensor, target: Tensor, compute: (self: Tensor, target: Tensor) => Tensor): Tensor {
  const shape = commonShape(self.shape, target.shape);
  return isEmpty(shape) ? emptyOf(shape, [self, target]) : compute(self, target);
}

/** `|x|`, whose gradient at 0 is 0. */
function magnitude(x: Tensor): Tensor {
  return mul(x, sign(x));
}

/** `x^2 / 2` up to a distance, and a line beyond. */
function huber(difference: Tensor, delta: number): Tensor {
  const distance = magnitude(difference);
  const isNear = offTape(() => less(distance, delta));
  return choose(isNear, mul(square(difference), 0.5), mul(sub(distance, 0.5 * delta), delta));
}

function smoothL1(difference: Tensor, beta: number): Tensor {
  return beta === 0 ? magnitude(difference) : mul(huber(difference, beta), 1 / beta);
}

/** `target * (log(target) - input)`, 0 where the target is 0. */
function klDivergence(self: Tensor, target: Tensor, logTarget: boolean): Tensor {
  if (logTarget) return mul(exp(target), sub(target, self));
  const isPositive = offTape(() => less(0, target));
  const entropy = choose(isPositive, mul(target, log(target)), mul(target, 0));
  return sub(entropy, mul(target, self));
}

/** Stirling's formula for the logarithm of a factorial, above 1. */
function stirling(target: Tensor): Tensor {
  const isAbove = offTape(() => less(1, target));
  const value = add(sub(mul(target, log(target)), target), mul(log(mul(target, 2 * Math.PI)), 0.5));
  return choose(isAbove, value, mul(target, 0));
}

function poisson(input: Tensor, target: Tensor, isLog: boolean, isFull: boolean, eps: number): Tensor {
  const loss = isLog ? sub(exp(input), mul(target, input)) : sub(input, mul(target, log(add(input, eps))));
  return isFull ? add(loss, stirling(target)) : loss;
}

const pairwise =
  (compute: (self: Tensor, target: Tensor) => Tensor): OpFunction =>
  (self: Tensor, target: Tensor, reduction: number) =>
    reduced(losses(self, target, compute), reduction);

const PAIR = 'Tensor self, Tensor target';

export const REGRESSION: Readonly<Record<string, OpFunction>> = {
  [`aten::mse_loss(${PAIR}, int reduction=1) -> Tensor`]: pairwise((x, y) => square(sub(x, y))),
  [`aten::l1_loss(${PAIR}, int reduction=1) -> Tensor`]: pairwise((x, y) => magnitude(sub(x, y))),
  [`aten::smooth_l1_loss(${PAIR}, int reduction=1, float beta=1.) -> Tensor`]: (
    self: Tensor,
    target: Tensor,
    reduction: number,
    beta: number,
  ) =>
    reduced(
      losses(self, target, (x, y) => smoothL1(sub(x, y), beta)),
      reduction,
    ),
  [`aten::huber_loss(${PAIR}, int reduction=1, float delta=1.) -> Tensor`]: (
    self: Tensor,
    target: Tensor,
    reduction: number,
    delta: number,
  ) =>
    reduced(
      losses(self, target, (x, y) => huber(sub(x, y), delta)),
      reduction,
    ),
  [`aten::kl_div(${PAIR}, int reduction=1, *, bool log_target=False) -> Tensor`]: (
    self: Tensor,
    target: Tensor,
    reduction: number,
    logTarget: boolean,
  ) =>
    reduced(
      losses(self, target, (x, y) => klDivergence(x, y, logTarget)),
      reduction,
    ),
  'aten::poisson_nll_loss(Tensor input, Tensor target, bool log_input, bool full, float eps, int reduction) -> Tensor':
    (input: Tensor, target: Tensor, isLog: boolean, isFull: boolean, eps: number, reduction: number) =>
      reduced(
        losses(input, target, (x, y) => poisson(x, y, isLog, isFull, eps)),
        reduction,
      ),
};
