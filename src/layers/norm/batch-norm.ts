import { serialization, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { checkBoolean, message, showShape } from '../../check.js';
import { batchNormInTraining, batchNorm as normalize } from '../../nn/norm/batch-norm.js';
import { namedArgs } from '../args/positional.js';
import { checkFeatures, checkFraction, type NormArgs, type NormLayerOptions, parseNormArgs } from './args.js';
import { NormLayer } from './norm-layer.js';

/** Arguments of {@link BatchNorm}; `affine` is true by default. */
export interface BatchNormArgs extends NormArgs {
  /** C. @default read off the first input */
  readonly numFeatures?: number | undefined;
  /** Share of the new value in the running statistics, as in torch (tf.layers: of the old one). @default 0.1 */
  readonly momentum?: number | undefined;
  /** Whether running statistics are kept, and used outside training. @default true */
  readonly trackRunningStats?: boolean | undefined;
}

interface BatchNormOptions extends NormLayerOptions {
  readonly numFeatures: number | undefined;
  readonly momentum: number;
  readonly trackRunningStats: boolean;
}

/**
 * `torch.nn.BatchNorm1d` and `BatchNorm2d` as a layer of tf.layers that also trains on as they do.
 *
 *     y = (x - mean) / sqrt(var + eps) * weight + bias
 *     running_mean = (1 - momentum) * running_mean + momentum * mean       in training
 *     running_var  = (1 - momentum) * running_var  + momentum * var * N / (N - 1)
 *
 * In training, and always with `trackRunningStats: false`, mean and the biased var are those of the N values of a channel in the
 * batch, otherwise the running ones. x is float32 `[B, ..., C]` (`[B, C, ...]` with `dataFormat: 'channelsFirst'`), the output of
 * its shape. Weights `[C]`: `weight`, `bias` with `affine: true`; `running_mean`, `running_var` with `trackRunningStats: true`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
 */
export class BatchNorm extends NormLayer<BatchNormOptions> {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchBatchNorm';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: BatchNormArgs = {}) {
    const where = 'BatchNorm';
    const norm = parseNormArgs(where, args, ['numFeatures', 'momentum', 'trackRunningStats'], true);
    const { numFeatures, momentum = 0.1, trackRunningStats = true } = args;
    checkFeatures(where, 'numFeatures', numFeatures);
    checkFraction(where, 'momentum', momentum, 1);
    checkBoolean(where, 'trackRunningStats', trackRunningStats);
    const options = { ...norm, numFeatures, momentum, trackRunningStats };
    super(where, args, options, { min: 2, max: 6 }, ['numFeatures', numFeatures], trackRunningStats);
  }

  protected override compute(x: Tensor, training: boolean): Tensor {
    const [mean, variance] = ['running_mean', 'running_var'].map((name) => this.read<Tensor1D>(name));
    if (!training && mean && variance) return normalize(x, { mean, variance }, this.norm);
    const count = x.size / (this.channelsOf(x.shape) as number);
    if (count === 1) {
      const remedy = 'torch: Expected more than 1 value per channel when training';
      throw new RangeError(
        message(`${this.where}.apply`, 'x', 'several values of each channel', showShape(x.shape), remedy),
      );
    }
    const { output, ...ofBatch } = batchNormInTraining(x, this.norm);
    if (mean && variance) this.updateStatistics(this.options.momentum, ofBatch.mean, ofBatch.variance, count);
    return output;
  }
}

serialization.registerClass(BatchNorm);

/**
 * Makes a {@link BatchNorm}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function batchNorm(args?: BatchNormArgs): BatchNorm;
export function batchNorm(...args: readonly unknown[]): BatchNorm {
  return new BatchNorm(namedArgs('BatchNorm', args));
}
