/** The arithmetic that the norms share. */

import { add, mean, mul, rsqrt, square, sub, type Tensor } from '@tensorflow/tfjs-core';
import { inTurn, usingUp } from '../in-turn.js';

/** Factors and summands, shaped so that they broadcast over the input. */
export interface Affine {
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
}

/** Mean and biased variance over some axes, which stay with size 1. */
export interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** The statistics of the input itself, and the input less its mean. Call inside `tidy`. */
export function statisticsOf(x: Tensor, axes: number[]): Statistics & { readonly centred: Tensor } {
  const average = mean(x, axes, true);
  const centred = usingUp(x, (value) => sub(value, average));
  const variance = inTurn(centred, square, (squares) => mean(squares, axes, true));
  return { mean: average, variance, centred };
}

/** `centred / sqrt(variance + eps) * weight + bias`. Call inside `tidy`. */
export function scaled(centred: Tensor, variance: Tensor, eps: number, { weight, bias }: Affine): Tensor {
  const inverse = rsqrt(add(variance, eps));
  // The small factors first: the input is multiplied once.
  const factor = weight ? mul(inverse, weight) : inverse;
  return usingUp(
    centred,
    (value) => mul(value, factor),
    (y) => (bias ? add(y, bias) : y),
  );
}
