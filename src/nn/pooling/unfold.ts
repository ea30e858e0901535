import { reshape, type Tensor, type Tensor1D, tensor1d } from '@tensorflow/tfjs-core';
import { stepsAfter, type Window } from '../conv/window.js';
import { usingUp } from '../in-turn.js';
import { addAlong, takeAlong } from '../indexing/along.js';
import { padWith } from '../pad.js';
import { permute } from '../shape/permute.js';

type Windows = readonly [Window, Window];

/**
 * `torch.nn.functional.unfold`: the windows of images side by side. Call inside `tidy`.
 *
 * @param x float32 `[B, C, H, W]`.
 * @returns `[B, C * kh * kw, L]`, with L places of the window.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.unfold.html
 */
export function unfold(x: Tensor, windows: Windows): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = places(windows, [height, width]);
  const [high, wide] = windows.map(({ size }) => size) as [number, number];
  return usingUp(
    x,
    (images) => padWith(images, [[0, 0], [0, 0], ...paddingsOf(windows, 1)], 0),
    (images) => takeAlong(images, 2, rows.ids),
    (images) => takeAlong(images, 3, columns.ids),
    (taken) => reshape(taken, [batch, channels, high, rows.count, wide, columns.count]),
    (parts) => permute(parts, [0, 1, 2, 4, 3, 5]),
    (parts) => reshape(parts, [batch, channels * high * wide, rows.count * columns.count]),
  );
}

/**
 * `torch.nn.functional.fold`: images of windows, whose overlaps are summed. Call inside `tidy`.
 *
 * @param columns float32 `[B, C * kh * kw, L]`.
 * @param sizes H and W.
 * @returns `[B, C, H, W]`.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.fold.html
 */
export function fold(x: Tensor, sizes: readonly [number, number], windows: Windows): Tensor {
  const [batch, outputs] = x.shape as [number, number, number];
  const [high, wide] = windows.map(({ size }) => size) as [number, number];
  const channels = outputs / (high * wide);
  const [rows, columns] = places(windows, sizes);
  const parts = reshape(x, [batch, channels, high, wide, rows.count, columns.count]);
  const lines = reshape(permute(parts, [0, 1, 2, 4, 3, 5]), [
    batch,
    channels,
    high * rows.count,
    wide * columns.count,
  ]);
  const [height, width] = windows.map(({ before, after }, i) => (sizes[i] as number) + before + after) as [
    number,
    number,
  ];
  const padded = addAlong(addAlong(lines, 3, columns.ids, width), 2, rows.ids, height);
  return padWith(padded, [[0, 0], [0, 0], ...paddingsOf(windows, -1)], 0);
}

function paddingsOf(windows: Windows, sign: 1 | -1) {
  return windows.map(({ before, after }) => [sign * before, sign * after] as const);
}

/** For each tap of the window the places that it meets along an axis. */
function places(windows: Windows, sizes: readonly [number, number]) {
  return windows.map((window, i) => {
    const count = stepsAfter(sizes[i] as number, window);
    const ids = Array.from({ length: window.size * count }, (_, j) => {
      const tap = Math.floor(j / count);
      return tap * window.dilation + (j % count) * window.stride;
    });
    return { count, ids: tensor1d(ids, 'int32') as Tensor1D };
  }) as [{ count: number; ids: Tensor1D }, { count: number; ids: Tensor1D }];
}
