import { add, mean, mul, reshape, rsqrt, square, type Tensor } from '@tensorflow/tfjs-core';
import { inTurn, lending, usingUp } from '../in-turn.js';
import { type Affine, type Statistics, scaled, statisticsOf } from './normalize.js';

/**
 * `torch.nn.functional.layer_norm`: `(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the biased variance over the last
 * axes. Call inside `tidy`.
 *
 * @param axes how many axes at the end are normalized; weight and bias have their shape.
 * @returns the output, of the shape of x, and the statistics, whose last axes have size 1.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.layer_norm.html
 */
export function layerNorm(
  x: Tensor,
  axes: number,
  affine: Affine,
  eps: number,
): Statistics & { readonly output: Tensor } {
  const { centred, mean: average, variance } = statisticsOf(x, lastAxes(x, axes));
  const output = lending([centred], () => scaled(centred, variance, eps, affine));
  return { output, mean: average, variance };
}

/**
 * `torch.nn.functional.rms_norm`: `x / sqrt(mean(x^2) + eps) * weight`, with the mean over the last axes. Call inside `tidy`.
 *
 * @returns the output, of the shape of x, and the factor `1 / sqrt(mean(x^2) + eps)`, whose last axes have size 1.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.rms_norm.html
 */
export function rmsNorm(
  x: Tensor,
  axes: number,
  weight: Tensor | undefined,
  eps: number,
): { readonly output: Tensor; readonly factor: Tensor } {
  const factor = inTurn(
    x,
    square,
    (squares) => mean(squares, lastAxes(x, axes), true),
    (means) => rsqrt(add(means, eps)),
  );
  const output = usingUp(
    x,
    (value) => mul(value, factor),
    (y) => (weight ? mul(y, reshape(weight, x.shape.slice(-axes))) : y),
  );
  return { output, factor };
}

function lastAxes(x: Tensor, count: number): number[] {
  return Array.from({ length: count }, (_, i) => x.rank - count + i);
}
