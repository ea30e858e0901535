import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { conv2d as convolution } from '../../nn/conv/conv2d.js';
import { namedArgs } from '../args/positional.js';
import { type ConvArgs, parseConvArgs } from './args.js';
import { ConvLayer } from './conv-layer.js';

/**
 * `torch.nn.Conv2d` as a layer of tf.layers: torch's stride, padding in numbers, dilation and groups.
 *
 * For each axis `y[i] = sum over u of x[i*stride + u*dilation - padding] * kernel[u]`, summed over the channels of the
 * output's group. x is float32 `[B, H, W, I]`, y `[B, H', W', O]` (`[B, I, H, W]` and `[B, O, H', W']` with
 * `dataFormat: 'channelsFirst'`). Weights: `kernel` `[kh, kw, I / groups, O]`, where torch's weight is `[O, I / groups, kh, kw]`,
 * and `bias` `[O]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
 */
export class Conv2d extends ConvLayer {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchConv2d';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: ConvArgs) {
    super('Conv2d', args, parseConvArgs('Conv2d', 2, args));
  }

  protected override compute(x: Tensor): Tensor {
    return this.convolved(convolution, x);
  }
}

serialization.registerClass(Conv2d);

/**
 * Makes a {@link Conv2d}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function conv2d(args: ConvArgs): Conv2d;
export function conv2d(...args: readonly unknown[]): Conv2d {
  return new Conv2d(namedArgs('Conv2d', args));
}
