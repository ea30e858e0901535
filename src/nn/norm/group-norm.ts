import { reshape, type Tensor, type Tensor1D, tidy, util } from '@tensorflow/tfjs-core';
import type { DataFormat } from '../data-format.js';
import { lending, usingUp } from '../in-turn.js';
import { scaled, statisticsOf } from './normalize.js';

/** What the norms take. */
export interface NormOptions {
  /** `[C]`. @default ones */
  readonly weight?: Tensor1D | undefined;
  /** `[C]`. @default zeros */
  readonly bias?: Tensor1D | undefined;
  /** @default 1e-5 */
  readonly eps?: number | undefined;
  /** @default 'channelsLast' */
  readonly dataFormat?: DataFormat | undefined;
}

/**
 * `torch.nn.functional.group_norm`: `(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the biased variance of
 * each sample over a group of channels and all positions.
 *
 * @param x float32 `[B, ..., C]`, or `[B, C, ...]` with channelsFirst.
 * @param numGroups a divisor of C.
 * @returns the shape of x; the caller disposes it.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.group_norm.html
 */
export function groupNorm<T extends Tensor>(x: T, numGroups: number, options: NormOptions = {}): T {
  const { weight, bias, eps = 1e-5, dataFormat = 'channelsLast' } = options;
  const [batch = 0, ...rest] = x.shape;
  const isLast = dataFormat === 'channelsLast';
  const channels = (isLast ? rest.at(-1) : rest[0]) ?? 0;
  const positions = util.sizeFromShape(rest) / channels;
  const size = channels / numGroups;
  const grouped = isLast ? [batch, positions, numGroups, size] : [batch, numGroups, size, positions];
  const perGroup = isLast ? [numGroups, size] : [numGroups, size, 1];
  const normalize = (value: Tensor) => {
    const { centred, variance } = statisticsOf(value, isLast ? [1, 3] : [2, 3]);
    const affine = { weight: weight && reshape(weight, perGroup), bias: bias && reshape(bias, perGroup) };
    return lending([centred], () => scaled(centred, variance, eps, affine));
  };
  return tidy(
    () =>
      usingUp(
        x,
        (value) => reshape(value, grouped),
        normalize,
        (y) => reshape(y, x.shape),
      ) as T,
  );
}
