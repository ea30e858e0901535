/** Norms of batches, layers, groups and weights. */

import { add, div, mul, reshape, rsqrt, type Tensor } from '@tensorflow/tfjs-core';
import { emptyOf } from '../../../nn/empty.js';
import { inTurn, keeping } from '../../../nn/in-turn.js';
import { groupNorm } from '../../../nn/norm/group-norm.js';
import { layerNorm, rmsNorm } from '../../../nn/norm/layer-norm.js';
import { statisticsOf } from '../../../nn/norm/normalize.js';
import { vectorNorm } from '../../../nn/vector-norm.js';
import type { OpFunction } from '../types.js';
import { BATCH_NORM } from './batch-norm.js';

/** `[output, mean, 1 / sqrt(var + eps)]`. */
function layerNormOf(
  input: Tensor,
  shape: readonly number[],
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor[] {
  const kept = input.shape.map((size, i) => (i < input.rank - shape.length ? size : 1));
  const given = [weight, bias].filter((tensor) => tensor !== null);
  if (input.size === 0) return [input.shape, kept, kept].map((each) => emptyOf(each, [input, ...given]));
  const affine = { weight: weight ?? undefined, bias: bias ?? undefined };
  const { output, mean, variance } = layerNorm(input, shape.length, affine, eps);
  return [output, mean, rsqrt(add(variance, eps))];
}

/** That of float32, which torch takes where none is given. */
const EPSILON = 2 ** -23;

function rmsNormOf(
  input: Tensor,
  shape: readonly number[],
  weight: Tensor | null,
  eps: number | null,
): Tensor[] {
  const kept = input.shape.map((size, i) => (i < input.rank - shape.length ? size : 1));
  const given = weight ? [weight] : [];
  if (input.size === 0) return [input.shape, kept].map((each) => emptyOf(each, [input, ...given]));
  const { output, factor } = rmsNorm(input, shape.length, weight ?? undefined, eps ?? EPSILON);
  return [output, factor];
}

function groupNormOf(
  input: Tensor,
  groups: number,
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
): Tensor {
  const given = [weight, bias].filter((tensor) => tensor !== null);
  if (input.size === 0) return emptyOf(input.shape, [input, ...given]);
  const options = {
    weight: weight ?? undefined,
    bias: bias ?? undefined,
    eps,
    dataFormat: 'channelsFirst' as const,
  };
  return groupNorm(input, groups, options as Parameters<typeof groupNorm>[2]);
}

function nativeGroupNorm(
  input: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  batch: number,
  _channels: number,
  _positions: number,
  groups: number,
  eps: number,
): Tensor[] {
  const output = keeping([input], () => groupNormOf(input, groups, weight, bias, eps));
  if (input.size === 0) return [output, emptyOf([batch, groups], [input]), emptyOf([batch, groups], [input])];
  const { mean, variance } = statisticsOf(reshape(input, [batch, groups, -1]), [2]);
  return [output, ...[mean, rsqrt(add(variance, eps))].map((each) => reshape(each, [batch, groups]))];
}

/** `[v * g / |v|, |v|]`, with the norm over all axes but one. */
function weightNorm(v: Tensor, g: Tensor, dim: number): Tensor[] {
  const axes = [...v.shape.keys()].filter((axis) => axis !== dim);
  const norm = inTurn(
    v,
    (x) => vectorNorm(x, 2, axes),
    (y) => reshape(y, g.shape),
  );
  return [mul(v, div(g, norm)), norm];
}

export const NORM: Readonly<Record<string, OpFunction>> = {
  ...BATCH_NORM,
  'aten::layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enable=True) -> Tensor':
    (...args: Parameters<typeof layerNormOf>) => layerNormOf(...args)[0] as Tensor,
  'aten::native_layer_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight, Tensor? bias, float eps) -> (Tensor, Tensor, Tensor)':
    layerNormOf,
  'aten::rms_norm(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, float? eps=None) -> Tensor': (
    ...args: Parameters<typeof rmsNormOf>
  ) => rmsNormOf(...args)[0] as Tensor,
  'aten::_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float? eps) -> (Tensor, Tensor)':
    rmsNormOf,
  'aten::group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1.0000000000000001e-05, bool cudnn_enabled=True) -> Tensor':
    groupNormOf,
  'aten::native_group_norm(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)':
    nativeGroupNorm,
  'aten::_weight_norm(Tensor v, Tensor g, int dim=0) -> Tensor': (v: Tensor, g: Tensor, dim: number) =>
    weightNorm(v, g, dim)[0] as Tensor,
  'aten::_weight_norm_interface(Tensor v, Tensor g, int dim=0) -> (Tensor, Tensor)': weightNorm,
};
