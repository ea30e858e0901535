import {
  engine,
  batchNorm as fusedBatchNorm,
  sub,
  type Tensor,
  type Tensor1D,
  tidy,
} from '@tensorflow/tfjs-core';
import { perChannel } from '../data-format.js';
import { lending, usingUp } from '../in-turn.js';
import type { NormOptions } from './group-norm.js';
import { positionAxes } from './instance-norm.js';
import { type Statistics, scaled, statisticsOf } from './normalize.js';

/** Statistics of each channel, `[C]`. */
export interface ChannelStatistics {
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
}

/**
 * `torch.nn.functional.batch_norm` outside training: `(x - mean) / sqrt(variance + eps) * weight + bias` with given statistics.
 *
 * @param x float32 `[B, ..., C]`, or `[B, C, ...]` with channelsFirst.
 * @returns the shape of x; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.batch_norm.html
 */
export function batchNorm<T extends Tensor>(
  x: T,
  { mean, variance }: ChannelStatistics,
  { weight, bias, eps = 1e-5, dataFormat = 'channelsLast' }: NormOptions = {},
): T {
  // One kernel of tf's, which has the channels last, and no gradient without a scale.
  const isDifferentiable = weight !== undefined || !engine().isTapeOn();
  if (dataFormat === 'channelsLast' && x.rank <= 4 && isDifferentiable)
    return fusedBatchNorm(x, mean, variance, bias, weight, eps) as T;
  return tidy(() => {
    const shaped = (values: Tensor1D) => perChannel(values, x.rank, dataFormat);
    const affine = { weight: weight && shaped(weight), bias: bias && shaped(bias) };
    return usingUp(
      x,
      (value) => sub(value, shaped(mean)),
      (centred) => scaled(centred, shaped(variance), eps, affine),
    ) as T;
  });
}

/**
 * `torch.nn.functional.batch_norm` in training: the same with the statistics of x itself over the batch and all positions.
 *
 * @param x float32 `[B, ..., C]`, or `[B, C, ...]` with channelsFirst.
 * @returns the output, of the shape of x, and the statistics, every axis but the channels with size 1; the caller disposes them.
 */
export function batchNormInTraining<T extends Tensor>(
  x: T,
  { weight, bias, eps = 1e-5, dataFormat = 'channelsLast' }: NormOptions = {},
): Statistics & { readonly output: T } {
  return tidy(() => {
    const axes = [0, ...positionAxes(x.rank, dataFormat === 'channelsLast')];
    const { centred, mean, variance } = statisticsOf(x, axes);
    const shaped = (values: Tensor1D) => perChannel(values, x.rank, dataFormat);
    const affine = { weight: weight && shaped(weight), bias: bias && shaped(bias) };
    const output = lending([centred], () => scaled(centred, variance, eps, affine)) as T;
    return { output, mean, variance };
  });
}
