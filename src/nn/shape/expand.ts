import { customGrad, reshape, sum, type Tensor, tile } from '@tensorflow/tfjs-core';
import { emptyLike, isEmpty } from '../empty.js';
import { usingUp } from '../in-turn.js';
import { offTape } from '../off-tape.js';

/**
 * Repeats axes of size 1, and adds axes in front: `y[i, j] = x[0, j]`.
 *
 * Its gradient is a sum; that of tf.tile is a slice for each repetition, for four axes at most.
 *
 * @param shape each size that of x, or any where x has 1.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.Tensor.expand.html
 */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  const from = [...new Array<number>(shape.length - x.rank).fill(1), ...x.shape];
  if (from.every((size, i) => size === shape[i])) return x.rank === shape.length ? x : reshape(x, from);
  if (isEmpty(shape)) return emptyLike(shape, x);
  const blocks = blocksOf(from, shape);
  const sizes = blocks.map(({ size, isRepeated }) => (isRepeated ? 1 : size));
  const repeats = blocks.map(({ size, isRepeated }) => (isRepeated ? size : 1));
  const repeat = (source: Tensor) =>
    usingUp(
      source,
      (value) => reshape(value, sizes),
      (blocks) => tile(blocks, repeats),
      (value) => reshape(value, [...shape]),
    );
  if (x.dtype !== 'float32') return offTape(() => repeat(x));
  const repeated = blocks.flatMap(({ isRepeated }, axis) => (isRepeated ? [axis] : []));
  const whole = blocks.map(({ size }) => size);
  const op = customGrad((source) => ({
    value: repeat(source as Tensor),
    gradFunc: (dy: Tensor) => reshape(sum(reshape(dy, whole), repeated), x.shape),
  }));
  return op(x);
}

/** Neighbours that are repeated, or are not, as one axis. */
function blocksOf(from: readonly number[], to: readonly number[]) {
  const blocks: { size: number; readonly isRepeated: boolean }[] = [];
  for (const [axis, size] of to.entries()) {
    if (size === 1) continue;
    const isRepeated = from[axis] === 1;
    const last = blocks.at(-1);
    if (last?.isRepeated === isRepeated) last.size *= size;
    else blocks.push({ size, isRepeated });
  }
  return blocks;
}

/** The shape to which shapes are expanded that meet in one op. */
export function commonShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const sizes = shapes.map((shape) => shape[i - rank + shape.length] ?? 1);
    return sizes.find((size) => size !== 1) ?? 1;
  });
}
