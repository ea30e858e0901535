import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { convTranspose2d as convolution } from '../../nn/conv/conv-transpose2d.js';
import { namedArgs } from '../args/positional.js';
import { type ConvTransposeArgs, parseConvTransposeArgs } from './args.js';
import { ConvLayer } from './conv-layer.js';

/**
 * `torch.nn.ConvTranspose2d` as a layer of tf.layers: the gradient of a `Conv2d` by its input.
 *
 *     H' = (H - 1)*stride + dilation*(kh - 1) + 1 - 2*padding + outputPadding, W' alike
 *
 * x is float32 `[B, H, W, I]`, y `[B, H', W', O]` (`[B, I, H, W]` and `[B, O, H', W']` with `dataFormat: 'channelsFirst'`).
 * Weights: `kernel` `[kh, kw, O / groups, I]`, where torch's weight is `[I, O / groups, kh, kw]`, and `bias` `[O]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
 */
export class ConvTranspose2d extends ConvLayer {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchConvTranspose2d';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: ConvTransposeArgs) {
    super('ConvTranspose2d', args, parseConvTransposeArgs('ConvTranspose2d', 2, args));
  }

  protected override compute(x: Tensor): Tensor {
    return this.convolved(convolution, x);
  }
}

serialization.registerClass(ConvTranspose2d);

/**
 * Makes a {@link ConvTranspose2d}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function convTranspose2d(args: ConvTransposeArgs): ConvTranspose2d;
export function convTranspose2d(...args: readonly unknown[]): ConvTranspose2d {
  return new ConvTranspose2d(namedArgs('ConvTranspose2d', args));
}
