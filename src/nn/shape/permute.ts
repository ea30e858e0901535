import { reshape, type Tensor, transpose, util } from '@tensorflow/tfjs-core';
import { isEmpty } from '../empty.js';
import { usingUp } from '../in-turn.js';

/**
 * `y.shape[i] = x.shape[order[i]]`.
 *
 * Axes that stay side by side move as one, so that the kernels see few axes (some take four at most), and where only axes of size 1
 * move nothing is copied.
 *
 * @param order each axis of x once.
 * @see https://docs.pytorch.org/docs/stable/generated/torch.permute.html
 */
export function permute(x: Tensor, order: readonly number[]): Tensor {
  const shape = order.map((axis) => x.shape[axis] as number);
  const moved = order.filter((axis) => x.shape[axis] !== 1);
  const inPlace = [...moved].sort((a, b) => a - b);
  const runs: number[][] = [];
  for (const axis of moved) {
    const place = inPlace.indexOf(axis);
    const run = runs.at(-1);
    if (run && run.at(-1) === place - 1) run.push(place);
    else runs.push([place]);
  }
  if (runs.length <= 1 || isEmpty(shape)) return reshape(x, shape);
  const blocks = [...runs].sort(([a], [b]) => (a as number) - (b as number));
  const sizes = blocks.map((run) =>
    util.sizeFromShape(run.map((place) => x.shape[inPlace[place] as number] as number)),
  );
  return usingUp(
    x,
    (value) => reshape(value, sizes),
    (value) =>
      transpose(
        value,
        runs.map((run) => blocks.indexOf(run)),
      ),
    (turned) => reshape(turned, shape),
  );
}

/** Exchanges two axes. */
export function swapAxes(x: Tensor, a: number, b: number): Tensor {
  const order = x.shape.map((_, axis) => (axis === a ? b : axis === b ? a : axis));
  return permute(x, order);
}

/** Axis `from` moved to `to`; the others keep their order. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const order = x.shape.map((_, axis) => axis).filter((axis) => axis !== from);
  order.splice(to, 0, from);
  return permute(x, order);
}
