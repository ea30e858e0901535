/** Padding. Torch counts pairs of sizes from the last axis. */

import { add, sub, type Tensor } from '@tensorflow/tfjs-core';
import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { type PaddingMode, type Paddings, padFrom, padWith } from '../../../nn/pad.js';
import { as, valueIn } from '../shared/dtypes.js';
import type { Call, OpFunction } from '../types.js';

type Numbers = readonly number[];

function paddingsOf(self: Tensor, padding: Numbers): Paddings {
  return self.shape.map((_, axis) => {
    const pair = 2 * (self.rank - 1 - axis);
    return [padding[pair] ?? 0, padding[pair + 1] ?? 0];
  });
}

function constantOf(self: Tensor, padding: Numbers, value: number | boolean | null): Tensor {
  const paddings = paddingsOf(self, padding);
  const fill = Number(valueIn(self.dtype, Number(value ?? 0)));
  if (self.dtype !== 'int32' || Math.abs(fill) <= EXACT) return padWith(self, paddings, fill);
  // wasm takes the number as a float32. Sums of int32 wrap there and back.
  const offset = as(fill, 'int32');
  return add(padWith(sub(self, offset), paddings, 0), offset);
}

/** float32 holds every integer up to here. */
const EXACT = 2 ** 24;

const from =
  (mode: PaddingMode): OpFunction =>
  (self: Tensor, padding: Numbers) =>
    padFrom(self, paddingsOf(self, padding), mode);

const MODES: readonly string[] = ['reflect', 'replicate', 'circular'] satisfies PaddingMode[];

export const PADS: Readonly<Record<string, OpFunction>> = {
  'aten::pad(Tensor self, SymInt[] pad, str mode="constant", float? value=None) -> Tensor': (
    self: Tensor,
    padding: Numbers,
    mode: string,
    value: number | null,
    call: Call,
  ) => {
    if (mode === 'constant') return constantOf(self, padding, value);
    if (!MODES.includes(mode))
      throw new UnsupportedError(message(call.where, 'mode', `constant, ${MODES.join(', ')}`, show(mode)));
    return padFrom(self, paddingsOf(self, padding), mode as PaddingMode);
  },
  'aten::constant_pad_nd(Tensor self, SymInt[] pad, Scalar value=0) -> Tensor': constantOf,
  'aten::reflection_pad1d(Tensor self, SymInt[2] padding) -> Tensor': from('reflect'),
  'aten::reflection_pad2d(Tensor self, SymInt[4] padding) -> Tensor': from('reflect'),
  'aten::reflection_pad3d(Tensor self, SymInt[6] padding) -> Tensor': from('reflect'),
  'aten::replication_pad1d(Tensor self, SymInt[2] padding) -> Tensor': from('replicate'),
  'aten::replication_pad2d(Tensor self, SymInt[4] padding) -> Tensor': from('replicate'),
  'aten::replication_pad3d(Tensor self, SymInt[6] padding) -> Tensor': from('replicate'),
  'aten::_pad_circular(Tensor self, SymInt[] pad) -> Tensor': from('circular'),
};
