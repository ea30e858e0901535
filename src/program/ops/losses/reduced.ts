/** How torch puts the losses of elements together. */

import { mean, sum, type Tensor } from '@tensorflow/tfjs-core';
import { constantOf } from '../../../nn/empty.js';

const NONE = 0;
const MEAN = 1;

/** torch's numbers: none, the mean, or the sum. */
export function reduced(losses: Tensor, reduction: number): Tensor {
  if (reduction === NONE) return losses;
  if (losses.size === 0) return constantOf([], [losses], reduction === MEAN ? Number.NaN : 0);
  return reduction === MEAN ? mean(losses) : sum(losses);
}
