import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { convTranspose1d as convolution } from '../../nn/conv/conv-transpose1d.js';
import { namedArgs } from '../args/positional.js';
import { type ConvTransposeArgs, parseConvTransposeArgs } from './args.js';
import { ConvLayer } from './conv-layer.js';

/**
 * `torch.nn.ConvTranspose1d` as a layer of tf.layers: the gradient of a `Conv1d` by its input.
 *
 *     T' = (T - 1)*stride + dilation*(k - 1) + 1 - 2*padding + outputPadding
 *
 * x is float32 `[B, T, I]`, y `[B, T', O]` (`[B, I, T]` and `[B, O, T']` with `dataFormat: 'channelsFirst'`). Weights: `kernel`
 * `[k, O / groups, I]`, torch's weight with its axes in reverse order, and `bias` `[O]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
 */
export class ConvTranspose1d extends ConvLayer {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchConvTranspose1d';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: ConvTransposeArgs) {
    super('ConvTranspose1d', args, parseConvTransposeArgs('ConvTranspose1d', 1, args));
  }

  protected override compute(x: Tensor): Tensor {
    return this.convolved(convolution, x);
  }
}

serialization.registerClass(ConvTranspose1d);

/**
 * Makes a {@link ConvTranspose1d}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function convTranspose1d(args: ConvTransposeArgs): ConvTranspose1d;
export function convTranspose1d(...args: readonly unknown[]): ConvTranspose1d {
  return new ConvTranspose1d(namedArgs('ConvTranspose1d', args));
}
