/** Windows of images as columns, and back. */

import { reshape, type Tensor } from '@tensorflow/tfjs-core';
import type { Window } from '../../../nn/conv/window.js';
import { usingUp } from '../../../nn/in-turn.js';
import { fold, unfold } from '../../../nn/pooling/unfold.js';
import type { OpFunction } from '../types.js';

type Numbers = readonly number[];

function windowsOf(size: Numbers, dilation: Numbers, padding: Numbers, stride: Numbers): [Window, Window] {
  return size.map((taps, i) => ({
    size: taps,
    stride: stride[i] as number,
    dilation: dilation[i] as number,
    before: padding[i] as number,
    after: padding[i] as number,
  })) as [Window, Window];
}

/** Runs with a batch, which a single sample has not. */
function batched(x: Tensor, rank: number, run: (batch: Tensor) => Tensor): Tensor {
  if (x.rank === rank) return run(x);
  return usingUp(
    x,
    (value) => reshape(value, [1, ...x.shape]),
    run,
    (y) => reshape(y, y.shape.slice(1)),
  );
}

const REST = 'int[2] kernel_size, int[2] dilation, int[2] padding, int[2] stride';

export const UNFOLDS: Readonly<Record<string, OpFunction>> = {
  [`aten::im2col(Tensor self, ${REST}) -> Tensor`]: (
    self: Tensor,
    ...[size, dilation, padding, stride]: [Numbers, Numbers, Numbers, Numbers]
  ) => batched(self, 4, (x) => unfold(x, windowsOf(size, dilation, padding, stride))),
  [`aten::col2im(Tensor self, SymInt[2] output_size, ${REST}) -> Tensor`]: (
    self: Tensor,
    sizes: readonly [number, number],
    ...[size, dilation, padding, stride]: [Numbers, Numbers, Numbers, Numbers]
  ) => batched(self, 3, (x) => fold(x, sizes, windowsOf(size, dilation, padding, stride))),
};
