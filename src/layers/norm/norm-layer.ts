/** What the norms share: weight and bias of each channel, running statistics, and masks. */

import { add, mul, reshape, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { initializers, type Shape } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import type { NormOptions } from '../../nn/norm/group-norm.js';
import type { LayerArgs } from '../args/module-args.js';
import { OneInputLayer, type WeightSpec } from '../one-input-layer.js';
import type { NormLayerOptions } from './args.js';

/** A norm over the channels of its input, which keeps its shape. */
export abstract class NormLayer<Options extends NormLayerOptions> extends OneInputLayer<Options> {
  protected constructor(
    where: string,
    args: LayerArgs,
    options: Options,
    /** The dimensions that an input may have. */
    private readonly ranks: { readonly min: number; readonly max: number },
    /** The argument that fixes the number of channels, and its value. */
    private readonly features: readonly [name: string, value: number | undefined],
    private readonly hasStatistics: boolean,
  ) {
    super(where, args, options);
    // torch's norms know no masks: the sequence keeps its own.
    this.supportsMasking = true;
  }

  protected override weightSpecs(channels: number): WeightSpec[] {
    const spec = (name: string, initializer: WeightSpec['initializer'], trainable: boolean): WeightSpec => ({
      name,
      shape: [channels],
      initializer,
      trainable,
    });
    return [
      ...(this.options.affine
        ? [spec('weight', initializers.ones(), true), spec('bias', initializers.zeros(), true)]
        : []),
      ...(this.hasStatistics
        ? [spec('running_mean', initializers.zeros(), false), spec('running_var', initializers.ones(), false)]
        : []),
    ];
  }

  protected override checkShape(where: string, shape: Shape): void {
    const { min, max } = this.ranks;
    if (shape.length < min || shape.length > max) {
      const rule = min === max ? `${min} dimensions` : `${min} to ${max} dimensions`;
      throw new RangeError(message(where, 'x', rule, showShape(shape)));
    }
    const [name, given] = this.features;
    this.checkChannels(where, shape, given ?? this.builtFeatures(), ` (${name})`);
  }

  private builtFeatures(): number | undefined {
    return (this.read('weight') ?? this.read('running_mean'))?.shape[0];
  }

  /** What the functions of nn/ take. */
  protected get norm(): NormOptions {
    const { eps, dataFormat } = this.options;
    return { weight: this.read<Tensor1D>('weight'), bias: this.read<Tensor1D>('bias'), eps, dataFormat };
  }

  /**
   * `running = (1 - momentum) * running + momentum * value`, with the variance that torch keeps: of a sample, by N - 1.
   * @param count N, the values behind each statistic.
   */
  protected updateStatistics(momentum: number, mean: Tensor, variance: Tensor, count: number): void {
    const move = (name: string, value: Tensor) => {
      const running = this.read<Tensor1D>(name) as Tensor1D;
      this.write(name, add(mul(running, 1 - momentum), mul(reshape(value, running.shape), momentum)));
    };
    move('running_mean', mean);
    move('running_var', mul(variance, count / (count - 1)));
  }
}
