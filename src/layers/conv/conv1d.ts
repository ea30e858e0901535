import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import { conv1d as convolution } from '../../nn/conv/conv1d.js';
import { namedArgs } from '../args/positional.js';
import { type ConvArgs, parseConvArgs } from './args.js';
import { ConvLayer } from './conv-layer.js';

/**
 * `torch.nn.Conv1d` as a layer of tf.layers: torch's stride, padding in numbers, dilation and groups.
 *
 *     y[b, t, o] = bias[o] + sum over u, c of x[b, t*stride + u*dilation - padding, c] * kernel[u, c, o]
 *
 * x is float32 `[B, T, I]`, y `[B, T', O]` (`[B, I, T]` and `[B, O, T']` with `dataFormat: 'channelsFirst'`); c counts the
 * channels of o's group. Weights: `kernel` `[k, I / groups, O]`, torch's weight with its axes in reverse order, and `bias` `[O]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
 */
export class Conv1d extends ConvLayer {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchConv1d';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: ConvArgs) {
    super('Conv1d', args, parseConvArgs('Conv1d', 1, args));
  }

  protected override compute(x: Tensor): Tensor {
    return this.convolved(convolution, x);
  }
}

serialization.registerClass(Conv1d);

/**
 * Makes a {@link Conv1d}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function conv1d(args: ConvArgs): Conv1d;
export function conv1d(...args: readonly unknown[]): Conv1d {
  return new Conv1d(namedArgs('Conv1d', args));
}
