/** Resizing of the last axes, and channels made of positions. */

import { reshape, type Tensor, util } from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { usingUp } from '../../../nn/in-turn.js';
import {
  type Resampling,
  resampleCubic,
  resampleLinear,
  resampleNearest,
} from '../../../nn/resize/resample.js';
import { permute } from '../../../nn/shape/permute.js';
import type { OpFunction } from '../types.js';

type Numbers = readonly number[];
type Resample = (x: Tensor, axis: number, resampling: Resampling) => Tensor;

/** Axes behind batch and channels. */
const FIRST = 2;

function resize(
  self: Tensor,
  sizes: Numbers,
  factors: readonly (number | null)[],
  alignCorners: boolean,
  resample: Resample,
): Tensor {
  if (self.size === 0) return emptyOf([...self.shape.slice(0, FIRST), ...sizes], [self]);
  const steps = sizes.map((outputs, i) => {
    const factor = factors[i] ?? undefined;
    const axis = FIRST + i;
    const resampling = { inputs: self.shape[axis] as number, outputs, factor, alignCorners };
    return (y: Tensor) => resample(y, axis, resampling);
  });
  return usingUp(self, ...steps);
}

/** Sizes, or factors of those of the input. */
const byFactors =
  (resample: Resample, hasCorners: boolean): OpFunction =>
  (input: Tensor, sizes: Numbers | null, ...rest: unknown[]) => {
    const alignCorners = hasCorners && (rest[0] as boolean);
    const factors = (rest[hasCorners ? 1 : 0] ?? []) as Numbers;
    const made = factors.map((factor, i) => Math.floor((input.shape[FIRST + i] as number) * factor));
    return resize(input, sizes ?? made, factors, alignCorners, resample);
  };

/** Sizes, and the factors that they were made with. */
const bySizes =
  (resample: Resample, hasCorners: boolean): OpFunction =>
  (self: Tensor, sizes: Numbers, ...rest: unknown[]) => {
    const alignCorners = hasCorners && (rest[0] as boolean);
    const factors = rest.slice(hasCorners ? 1 : 0, (hasCorners ? 1 : 0) + sizes.length);
    return resize(self, sizes, factors as (number | null)[], alignCorners, resample);
  };

const nearest: Resample = (x, axis, resampling) => resampleNearest(x, axis, resampling, false);
const nearestExact: Resample = (x, axis, resampling) => resampleNearest(x, axis, resampling, true);

function familyOf(
  name: string,
  axes: 1 | 2 | 3,
  resample: Resample,
  hasCorners: boolean,
): Record<string, OpFunction> {
  const corners = hasCorners ? ', bool align_corners' : '';
  const letters = ['d', 'h', 'w'].slice(-axes);
  const scales =
    axes === 1 ? 'float? scales=None' : letters.map((letter) => `float? scales_${letter}=None`).join(', ');
  return {
    [`aten::${name}(Tensor self, SymInt[${axes}] output_size${corners}, ${scales}) -> Tensor`]: bySizes(
      resample,
      hasCorners,
    ),
    [`aten::${name}.vec(Tensor input, SymInt[]? output_size${corners}, float[]? scale_factors) -> Tensor`]:
      byFactors(resample, hasCorners),
  };
}

/** Channels `[C * r * r, H, W]` as `[C, H * r, W * r]`. */
function pixelShuffle(self: Tensor, factor: number): Tensor {
  const [channels, height, width] = self.shape.slice(-3) as [number, number, number];
  const batch = self.shape.slice(0, -3);
  const outer = util.sizeFromShape(batch);
  const outputs = channels / (factor * factor);
  const parts = reshape(self, [outer * outputs, factor, factor, height, width]);
  return reshape(permute(parts, [0, 3, 1, 4, 2]), [...batch, outputs, height * factor, width * factor]);
}

function pixelUnshuffle(self: Tensor, factor: number): Tensor {
  const [channels, height, width] = self.shape.slice(-3) as [number, number, number];
  const batch = self.shape.slice(0, -3);
  const outer = util.sizeFromShape(batch);
  const [rows, columns] = [height / factor, width / factor];
  const parts = reshape(self, [outer * channels, rows, factor, columns, factor]);
  return reshape(permute(parts, [0, 2, 4, 1, 3]), [...batch, channels * factor * factor, rows, columns]);
}

function channelShuffle(self: Tensor, groups: number): Tensor {
  const [batch, channels, ...positions] = self.shape as [number, number, ...number[]];
  const size = util.sizeFromShape(positions);
  const parts = reshape(self, [batch, groups, channels / groups, size]);
  return reshape(permute(parts, [0, 2, 1, 3]), self.shape);
}

export const RESIZES: Readonly<Record<string, OpFunction>> = {
  ...familyOf('upsample_nearest1d', 1, nearest, false),
  ...familyOf('upsample_nearest2d', 2, nearest, false),
  ...familyOf('upsample_nearest3d', 3, nearest, false),
  ...familyOf('_upsample_nearest_exact1d', 1, nearestExact, false),
  ...familyOf('_upsample_nearest_exact2d', 2, nearestExact, false),
  ...familyOf('_upsample_nearest_exact3d', 3, nearestExact, false),
  ...familyOf('upsample_linear1d', 1, resampleLinear, true),
  ...familyOf('upsample_bilinear2d', 2, resampleLinear, true),
  ...familyOf('upsample_trilinear3d', 3, resampleLinear, true),
  ...familyOf('upsample_bicubic2d', 2, resampleCubic, true),
  'aten::pixel_shuffle(Tensor self, int upscale_factor) -> Tensor': pixelShuffle,
  'aten::pixel_unshuffle(Tensor self, int downscale_factor) -> Tensor': pixelUnshuffle,
  'aten::channel_shuffle(Tensor self, SymInt groups) -> Tensor': channelShuffle,
};
