import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { perChannel } from '../data-format.js';
import { lending } from '../in-turn.js';
import type { NormOptions } from './group-norm.js';
import { type Statistics, scaled, statisticsOf } from './normalize.js';

/** The axes of the positions. */
export function positionAxes(rank: number, isChannelsLast: boolean): number[] {
  return Array.from({ length: rank - 2 }, (_, i) => i + (isChannelsLast ? 1 : 2));
}

/**
 * `torch.nn.functional.instance_norm`: `(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the biased variance
 * of each channel of each sample over all positions.
 *
 * @param x float32 `[B, ..., C]`, or `[B, C, ...]` with channelsFirst.
 * @returns the output, of the shape of x, and the statistics, whose positions have size 1; the caller disposes them.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.instance_norm.html
 */
export function instanceNorm<T extends Tensor>(
  x: T,
  { weight, bias, eps = 1e-5, dataFormat = 'channelsLast' }: NormOptions = {},
): Statistics & { readonly output: T } {
  return tidy(() => {
    const axes = positionAxes(x.rank, dataFormat === 'channelsLast');
    const { centred, mean, variance } = statisticsOf(x, axes);
    const affine = {
      weight: weight && perChannel(weight, x.rank, dataFormat),
      bias: bias && perChannel(bias, x.rank, dataFormat),
    };
    const output = lending([centred], () => scaled(centred, variance, eps, affine)) as T;
    return { output, mean, variance };
  });
}
