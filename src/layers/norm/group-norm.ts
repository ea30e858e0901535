import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { checkInteger, message, showShape } from '../../check.js';
import { groupNorm as normalize } from '../../nn/norm/group-norm.js';
import { namedArgs } from '../args/positional.js';
import { checkFeatures, type NormArgs, type NormLayerOptions, parseNormArgs } from './args.js';
import { NormLayer } from './norm-layer.js';

/** Arguments of {@link GroupNorm}; `affine` is true by default. */
export interface GroupNormArgs extends NormArgs {
  /** Blocks of channels, >= 1, a divisor of C. */
  readonly numGroups: number;
  /** C. @default read off the first input */
  readonly numChannels?: number | undefined;
}

interface GroupNormOptions extends NormLayerOptions {
  readonly numGroups: number;
  readonly numChannels: number | undefined;
}

/**
 * `torch.nn.GroupNorm` as a layer of tf.layers: `(x - mean) / sqrt(var + eps) * weight + bias`, with the mean and the biased
 * variance of each sample over a group of channels and all positions.
 *
 * x is float32 `[B, ..., C]` (`[B, C, ...]` with `dataFormat: 'channelsFirst'`), the output of its shape. Weights: `weight`,
 * `bias` `[C]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
 */
export class GroupNorm extends NormLayer<GroupNormOptions> {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace. */
  static readonly className: string = 'TorchGroupNorm';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: GroupNormArgs) {
    const where = 'GroupNorm';
    const norm = parseNormArgs(where, args, ['numGroups', 'numChannels'], true);
    const { numGroups, numChannels } = args;
    checkInteger(where, 'numGroups', numGroups, 1);
    checkFeatures(where, 'numChannels', numChannels);
    const ranks = { min: 2, max: 6 };
    super(where, args, { ...norm, numGroups, numChannels }, ranks, ['numChannels', numChannels], false);
  }

  protected override checkShape(where: string, shape: Shape): void {
    super.checkShape(where, shape);
    const channels = this.channelsOf(shape);
    const { numGroups } = this.options;
    if (channels == null || channels % numGroups === 0) return;
    const remedy = 'torch: num_channels must be divisible by num_groups';
    throw new RangeError(
      message(where, 'x', `a multiple of ${numGroups} channels (numGroups)`, showShape(shape), remedy),
    );
  }

  protected override compute(x: Tensor): Tensor {
    return normalize(x, this.options.numGroups, this.norm);
  }
}

serialization.registerClass(GroupNorm);

/**
 * Makes a {@link GroupNorm}; the caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function groupNorm(args: GroupNormArgs): GroupNorm;
export function groupNorm(...args: readonly unknown[]): GroupNorm {
  return new GroupNorm(namedArgs('GroupNorm', args));
}
