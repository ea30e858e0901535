/** Variances and standard deviations. */

import { div, mean, square, sub, sum, type Tensor } from '@tensorflow/tfjs-core';
import { keeping, usingUp } from '../../../nn/in-turn.js';
import { sqrtWithoutSlopeAtZero } from '../../../nn/sqrt.js';
import type { OpFunction } from '../types.js';
import { type Dim, reduce, reductionOf } from './reduce.js';

/** `sum((x - mean)^2) / (n - correction)`. */
function varianceOf(self: Tensor, dim: Dim, correction: number, keepdim: boolean): Tensor {
  const { count } = reductionOf(self, dim, keepdim);
  const compute = (x: Tensor, axes: number[]) =>
    usingUp(
      x,
      (value) => sub(value, mean(value, axes, true)),
      square,
      (squares) => sum(squares, axes),
      (total) => div(total, Math.max(0, count - correction)),
    );
  return reduce(self, dim, keepdim, compute, Number.NaN);
}

function meanOf(self: Tensor, dim: Dim, keepdim: boolean): Tensor {
  return reduce(self, dim, keepdim, mean, Number.NaN);
}

type Spread = (self: Tensor, dim: Dim, correction: number, keepdim: boolean) => Tensor | Tensor[];

const deviationOf: Spread = (...args) => sqrtWithoutSlopeAtZero(varianceOf(...args));

const withMean =
  (spread: (...args: Parameters<Spread>) => Tensor): Spread =>
  (self, dim, correction, keepdim) => [
    keeping([self], () => spread(self, dim, correction, keepdim)),
    meanOf(self, dim, keepdim),
  ];

function family(name: string, results: string, spread: Spread): Record<string, OpFunction> {
  const correctionOf = (unbiased: boolean) => (unbiased ? 1 : 0);
  return {
    [`aten::${name}(Tensor self, bool unbiased=True) -> ${results}`]: (self: Tensor, unbiased: boolean) =>
      spread(self, null, correctionOf(unbiased), false),
    [`aten::${name}.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> ${results}`]: (
      self: Tensor,
      dim: Dim,
      unbiased: boolean,
      keepdim: boolean,
    ) => spread(self, dim, correctionOf(unbiased), keepdim),
    [`aten::${name}.correction(Tensor self, int[1]? dim=None, *, Scalar? correction=None, bool keepdim=False) -> ${results}`]:
      (self: Tensor, dim: Dim, correction: number | null, keepdim: boolean) =>
        spread(self, dim, correction ?? 1, keepdim),
  };
}

const PAIR = '(Tensor, Tensor)';

export const SPREAD: Readonly<Record<string, OpFunction>> = {
  ...family('var', 'Tensor', varianceOf),
  ...family('std', 'Tensor', deviationOf),
  ...family('var_mean', PAIR, withMean(varianceOf)),
  ...family('std_mean', PAIR, withMean(deviationOf as typeof varianceOf)),
};
