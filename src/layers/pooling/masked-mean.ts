import {
  cast,
  div,
  mean,
  reshape,
  serialization,
  sum,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { message } from '../../check.js';
import { selectOrZero } from '../../ops/select.js';
import { maskOfLengths } from '../masks/mask.js';
import { StepPooling, type StepPoolingArgs } from './step-pooling.js';

/**
 * The mean of the valid steps of each row: `[B, T, F]` to `[B, F]`.
 *
 *     y[b] = sum of x[b, t] over t < lengths[b], divided by lengths[b]
 *
 * It is PyTorch's `(out * mask).sum(1) / mask.sum(1)`; in a model, where x has no mask, `out.mean(1)`. A call on tensors needs
 * lengths or a mask. `tf.layers.globalAveragePooling1d` ignores masks. Other steps are not read, and get no gradient.
 */
export class MaskedMean extends StepPooling {
  /** The name in saved models. */
  static readonly className: string = 'TorchMaskedMean';

  /** @throws TypeError for an unknown argument. */
  constructor(args: StepPoolingArgs = {}) {
    super('MaskedMean', args);
  }

  /** @throws TypeError unless x is empty. */
  protected override checkWithoutLengths(where: string, x: Tensor): void {
    if (x.shape[0] === 0) return;
    const remedy =
      'A tensor carries no mask, also not one that a model returns. Of rows without padding x.mean(1) is the mean';
    throw new TypeError(message(where, 'lengths', 'lengths or a mask beside tensors', 'neither', remedy));
  }

  protected override pool(x: Tensor, lengths: Tensor1D | undefined): Tensor {
    const [batch, steps, ...features] = x.shape as [number, number, ...number[]];
    if (batch === 0) return reshape(x, [batch, ...features]);
    if (lengths === undefined) return mean(x, 1);
    const mask = reshape(maskOfLengths(lengths, batch, steps), [batch, steps, ...features.map(() => 1)]);
    const counts = reshape(cast(lengths, 'float32'), [batch, ...features.map(() => 1)]);
    return div(sum(selectOrZero(mask, x), 1), counts);
  }
}

serialization.registerClass(MaskedMean);

/**
 * Makes a {@link MaskedMean}: `maskedMean().apply(x)`, or `maskedMean().apply([x, lengths])`.
 * @throws TypeError for an unknown argument.
 */
export function maskedMean(args: StepPoolingArgs = {}): MaskedMean {
  return new MaskedMean(args);
}
