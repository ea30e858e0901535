import { mean as average, serialization, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { checkBoolean, message, showShape } from '../../check.js';
import { batchNorm } from '../../nn/norm/batch-norm.js';
import { instanceNorm } from '../../nn/norm/instance-norm.js';
import { namedArgs } from '../args/positional.js';
import { checkFeatures, checkFraction, type NormArgs, type NormLayerOptions, parseNormArgs } from './args.js';
import { NormLayer } from './norm-layer.js';

/** Arguments of {@link InstanceNorm1d}; `affine` is false by default, as in torch. */
export interface InstanceNorm1dArgs extends NormArgs {
  /** C. @default read off the first input */
  readonly numFeatures?: number | undefined;
  /** Share of the new value in the running statistics. @default 0.1 */
  readonly momentum?: number | undefined;
  /** Whether running statistics are kept, and used outside training. @default false */
  readonly trackRunningStats?: boolean | undefined;
}

interface InstanceNormOptions extends NormLayerOptions {
  readonly numFeatures: number | undefined;
  readonly momentum: number;
  readonly trackRunningStats: boolean;
}

/**
 * `torch.nn.InstanceNorm1d` as a layer of tf.layers: `(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the
 * biased variance of each channel of each sample over T.
 *
 * x is float32 `[B, T, C]` (`[B, C, T]` with `dataFormat: 'channelsFirst'`), the output of its shape. Weights: `weight`, `bias`
 * `[C]` with `affine: true`; `running_mean`, `running_var` `[C]` with `trackRunningStats: true`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
 */
export class InstanceNorm1d extends NormLayer<InstanceNormOptions> {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchInstanceNorm1d';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: InstanceNorm1dArgs = {}) {
    const where = 'InstanceNorm1d';
    const norm = parseNormArgs(where, args, ['numFeatures', 'momentum', 'trackRunningStats'], false);
    const { numFeatures, momentum = 0.1, trackRunningStats = false } = args;
    checkFeatures(where, 'numFeatures', numFeatures);
    checkFraction(where, 'momentum', momentum, 1);
    checkBoolean(where, 'trackRunningStats', trackRunningStats);
    const options = { ...norm, numFeatures, momentum, trackRunningStats };
    super(where, args, options, { min: 3, max: 3 }, ['numFeatures', numFeatures], trackRunningStats);
  }

  protected override compute(x: Tensor, training: boolean): Tensor {
    const [mean, variance] = ['running_mean', 'running_var'].map((name) => this.read<Tensor1D>(name));
    if (!training && mean && variance) return batchNorm(x, { mean, variance }, this.norm);
    const steps = x.shape[this.options.dataFormat === 'channelsLast' ? 1 : 2] as number;
    if (steps === 1) {
      const remedy = 'torch: Expected more than 1 spatial element when training';
      throw new RangeError(message(`${this.where}.apply`, 'x', 'several steps', showShape(x.shape), remedy));
    }
    const { output, ...ofSample } = instanceNorm(x, this.norm);
    if (mean && variance)
      this.updateStatistics(
        this.options.momentum,
        average(ofSample.mean, 0),
        average(ofSample.variance, 0),
        steps,
      );
    return output;
  }
}

serialization.registerClass(InstanceNorm1d);

/**
 * Makes an {@link InstanceNorm1d}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function instanceNorm1d(args?: InstanceNorm1dArgs): InstanceNorm1d;
export function instanceNorm1d(...args: readonly unknown[]): InstanceNorm1d {
  return new InstanceNorm1d(namedArgs('InstanceNorm1d', args));
}
