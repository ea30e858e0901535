/** Losses of distances to a margin. */

import {
  add,
  div,
  equal,
  less,
  mul,
  neg,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { keeping } from '../../../nn/in-turn.js';
import { choose } from '../../../nn/indexing/choose.js';
import { offTape } from '../../../nn/off-tape.js';
import { pairDistance } from '../linear/distances.js';
import { as } from '../shared/dtypes.js';
import type { OpFunction } from '../types.js';
import { reduced } from './reduced.js';

/** `max(x, 0)`, whose gradient at 0 is that of torch's clamp_min: 1. */
function above(x: Tensor): Tensor {
  const isAbove = offTape(() => less(x, 0));
  return choose(isAbove, mul(x, 0), x);
}

/** Where the target is 1 one loss, where it is -1 another, and elsewhere neither. */
function bySign(target: Tensor, positive: Tensor, negative: Tensor): Tensor {
  const is = (value: number) => offTape(() => equal(as(target, 'float32'), value));
  return add(choose(is(1), positive, mul(positive, 0)), choose(is(-1), negative, mul(negative, 0)));
}

const EPSILON = 1e-12;

function cosineEmbedding(a: Tensor, b: Tensor, target: Tensor, margin: number): Tensor {
  const last = a.rank - 1;
  const squares = (x: Tensor) => add(sum(square(x), last), EPSILON);
  const cosine = div(sum(mul(a, b), last), sqrt(mul(squares(a), squares(b))));
  return bySign(target, sub(1, cosine), above(sub(cosine, margin)));
}

function triplet(
  anchor: Tensor,
  positive: Tensor,
  negative: Tensor,
  margin: number,
  p: number,
  eps: number,
  swap: boolean,
): Tensor {
  // Each of the three is in two pairs.
  const distance = (a: Tensor, b: Tensor) =>
    keeping([anchor, positive, negative], () => pairDistance(a, b, p, eps, false));
  const near = distance(anchor, positive);
  const far = distance(anchor, negative);
  if (!swap) return above(add(sub(near, far), margin));
  const other = distance(positive, negative);
  const isNearer = offTape(() => less(other, far));
  return above(add(sub(near, choose(isNearer, other, far)), margin));
}

export const MARGINS: Readonly<Record<string, OpFunction>> = {
  'aten::margin_ranking_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor':
    (input1: Tensor, input2: Tensor, target: Tensor, margin: number, reduction: number) =>
      reduced(above(add(mul(neg(target), sub(input1, input2)), margin)), reduction),
  'aten::hinge_embedding_loss(Tensor self, Tensor target, float margin=1., int reduction=1) -> Tensor': (
    self: Tensor,
    target: Tensor,
    margin: number,
    reduction: number,
  ) => reduced(bySign(target, self, above(sub(margin, self))), reduction),
  'aten::cosine_embedding_loss(Tensor input1, Tensor input2, Tensor target, float margin=0., int reduction=1) -> Tensor':
    (input1: Tensor, input2: Tensor, target: Tensor, margin: number, reduction: number) =>
      reduced(cosineEmbedding(input1, input2, target, margin), reduction),
  'aten::soft_margin_loss(Tensor self, Tensor target, int reduction=1) -> Tensor': (
    self: Tensor,
    target: Tensor,
    reduction: number,
  ) => {
    // torch has no gradient for the target.
    const signs = offTape(() => neg(target));
    return reduced(softplus(mul(signs, self)), reduction);
  },
  'aten::triplet_margin_loss(Tensor anchor, Tensor positive, Tensor negative, float margin=1., float p=2., float eps=9.9999999999999995e-07, bool swap=False, int reduction=1) -> Tensor':
    (
      anchor: Tensor,
      positive: Tensor,
      negative: Tensor,
      margin: number,
      p: number,
      eps: number,
      swap: boolean,
      reduction: number,
    ) => reduced(triplet(anchor, positive, negative, margin, p, eps, swap), reduction),
};
