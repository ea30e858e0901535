import {
  mean,
  mul,
  pad,
  reshape,
  type Tensor,
  type Tensor4D,
  tensor,
  avgPool as tfAvgPool,
} from '@tensorflow/tfjs-core';
import { usingUp } from '../in-turn.js';
import { matmul } from '../matmul.js';
import { moveAxis } from '../shape/permute.js';
import { withSize } from '../shape/slice.js';
import { adaptiveParts, type PoolWindow } from './taps.js';

export interface AvgPoolOptions {
  /** Whether zeros of the padding count as elements. @default true */
  readonly countIncludePad?: boolean | undefined;
  /** Divides each sum, in place of the number of its elements. */
  readonly divisor?: number | undefined;
}

/**
 * `torch.nn.functional.avg_pool2d`. Call inside `tidy`.
 *
 * @param x float32 `[..., H, W]`.
 * @param windows along H and W.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.avg_pool2d.html
 */
export function avgPool(
  x: Tensor,
  windows: readonly [PoolWindow, PoolWindow],
  { countIncludePad = true, divisor }: AvgPoolOptions = {},
): Tensor {
  const [height, width] = x.shape.slice(-2) as [number, number];
  const padding = windows.map(({ before, after }) => [before, after] as [number, number]);
  const [sizes, strides] = [windows.map(({ size }) => size), windows.map(({ stride }) => stride)];
  const [rows, columns] = windows.map((window, i) =>
    countsOf(window, [height, width][i] as number, countIncludePad),
  ) as [number[], number[]];
  const whole = (sizes[0] as number) * (sizes[1] as number);
  const factors = rows.flatMap((row) => columns.map((column) => whole / (divisor ?? row * column)));
  const isPlain = factors.every((factor) => factor === 1);
  const scales = () => tensor(factors, [1, rows.length, columns.length, 1]);
  return usingUp(
    x,
    (value) => reshape(value, [-1, height, width, 1]),
    (images) => pad(images, [[0, 0], ...padding, [0, 0]]),
    (images) =>
      tfAvgPool(images as Tensor4D, sizes as [number, number], strides as [number, number], 'valid'),
    (means) => (isPlain ? means : mul(means, scales())),
    (y) => reshape(y, [...x.shape.slice(0, -2), rows.length, columns.length]),
  );
}

/** How many elements each output is the mean of. */
function countsOf(
  { size, stride, before, outputs }: PoolWindow,
  steps: number,
  countsPadding: boolean,
): number[] {
  return Array.from({ length: outputs }, (_, i) => {
    const begin = i * stride - before;
    const end = Math.min(begin + size, steps + before);
    return countsPadding ? end - begin : Math.min(end, steps) - Math.max(begin, 0);
  });
}

/**
 * `torch.nn.functional.adaptive_avg_pool1d` and `2d`: the means of parts whose sizes differ by one at most. Call inside `tidy`.
 *
 * @param x float32.
 * @param outputs the sizes of the last axes of the result.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.adaptive_avg_pool2d.html
 */
export function adaptiveAvgPool(x: Tensor, outputs: readonly number[]): Tensor {
  return outputs.reduce((y, size, i) => meansAlong(y, x.rank - outputs.length + i, size), x);
}

function meansAlong(x: Tensor, axis: number, outputs: number): Tensor {
  const steps = x.shape[axis] as number;
  if (steps === outputs) return x;
  if (steps % outputs === 0)
    return mean(reshape(x, withSize(x.shape, axis, outputs, steps / outputs)), axis + 1);
  const parts = adaptiveParts(steps, outputs);
  const shares = Array.from({ length: steps }, (_, place) =>
    parts.map(({ begin, end }) => (place >= begin && place < end ? 1 / (end - begin) : 0)),
  );
  const last = x.rank - 1;
  const product = matmul(moveAxis(x, axis, last), tensor(shares.flat(), [steps, outputs]));
  return moveAxis(product, last, axis);
}
