/** Where an input has its channels. */

import { reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { usingUp } from './in-turn.js';

/** `[B, ..., C]`, or as in torch `[B, C, ...]`. */
export type DataFormat = 'channelsLast' | 'channelsFirst';

export const DATA_FORMATS: readonly DataFormat[] = ['channelsLast', 'channelsFirst'];

/** Runs a function of channels-last tensors, the only ones that every backend convolves. Call inside `tidy`. */
export function inChannelsLast<T extends Tensor>(
  x: T,
  dataFormat: DataFormat,
  compute: (channelsLast: T) => T,
): T {
  if (dataFormat === 'channelsLast') return compute(x);
  const spatial = Array.from({ length: x.rank - 2 }, (_, i) => i + 2);
  return usingUp(
    x,
    (value) => transpose(value, [0, ...spatial, 1]),
    (channelsLast) => compute(channelsLast as T),
    (y) => transpose(y, [0, x.rank - 1, ...spatial.map((axis) => axis - 1)]),
  ) as T;
}

/** Values of each channel, shaped so that they broadcast over an input of `rank`. */
export function perChannel(values: Tensor, rank: number, dataFormat: DataFormat): Tensor {
  const trailing = dataFormat === 'channelsLast' ? 0 : rank - 2;
  return trailing === 0 ? values : reshape(values, [...values.shape, ...new Array<number>(trailing).fill(1)]);
}
