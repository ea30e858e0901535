/** Elements of images at places that a grid tells, between -1 and 1 along each axis. */

import {
  add,
  cast,
  clipByValue,
  customGrad,
  floor,
  type GradSaveFunc,
  greater,
  greaterEqual,
  less,
  lessEqual,
  logicalAnd,
  matMul,
  maximum,
  minimum,
  mul,
  range,
  reshape,
  round,
  slice,
  squeeze,
  sub,
  type Tensor,
  type Tensor1D,
  tensor,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { emptyOf, isEmpty } from '../../../nn/empty.js';
import { choose } from '../../../nn/indexing/choose.js';
import { int } from '../../../nn/indexing/int.js';
import { takeRows } from '../../../nn/indexing/rows.js';
import { offTape } from '../../../nn/off-tape.js';
import { permute } from '../../../nn/shape/permute.js';
import type { Call, OpFunction } from '../types.js';

const [BILINEAR, NEAREST] = [0, 1];
const [ZEROS, BORDER] = [0, 1];

/** In elements: -1 and 1 are the middles of the outermost ones, or their outer sides. */
function unnormalized(place: Tensor, size: number, alignCorners: boolean): Tensor {
  return alignCorners ? mul(add(place, 1), (size - 1) / 2) : sub(mul(add(place, 1), size / 2), 0.5);
}

/** On the image; torch's gradient is 0 on its border too, where that of tf.clipByValue is not. */
function clipped(place: Tensor, size: number): Tensor {
  const op = customGrad((x, save) => {
    (save as GradSaveFunc)([x as Tensor]);
    const gradFunc = (dy: Tensor, [saved]: Tensor[]) => {
      const isInside = logicalAnd(greater(saved as Tensor, 0), less(saved as Tensor, size - 1));
      return choose(isInside, dy, zerosLike(dy));
    };
    return { value: clipByValue(x as Tensor, 0, size - 1), gradFunc };
  });
  return op(place);
}

/** The elements `[N * P, C]` at whole places, 0 outside of the image. */
function elementsAt(
  rows: Tensor,
  batch: number,
  x: Tensor,
  y: Tensor,
  [width, height]: readonly number[],
): Tensor {
  const [last, bottom] = [(width as number) - 1, (height as number) - 1];
  const isInside = offTape(() =>
    reshape(
      logicalAnd(
        logicalAnd(greaterEqual(x, 0), lessEqual(x, last)),
        logicalAnd(greaterEqual(y, 0), lessEqual(y, bottom)),
      ),
      [x.size, 1],
    ),
  );
  const ids = offTape(() => {
    const whole = (place: Tensor, most: number) => minimum(maximum(cast(place, 'int32'), int(0)), int(most));
    const starts = reshape(mul(range(0, batch, 1, 'int32'), int((width as number) * (height as number))), [
      batch,
      1,
    ]);
    const places = add(mul(whole(y, bottom), int(width as number)), whole(x, last));
    return reshape(add(places, starts), [x.size]) as Tensor1D;
  });
  const taken = takeRows(rows, ids);
  return choose(isInside, taken, zerosLike(taken));
}

function gridSample(
  input: Tensor,
  grid: Tensor,
  interpolation: number,
  padding: number,
  alignCorners: boolean,
  call: Call,
): Tensor {
  const refuse = (what: string, rule: string, got: string) => {
    throw new UnsupportedError(message(call.where, what, rule, got));
  };
  if (input.rank !== 4) refuse('input', 'images, which have 4 axes', String(input.rank));
  if (interpolation !== BILINEAR && interpolation !== NEAREST)
    refuse('interpolation_mode', '0 (bilinear) or 1 (nearest)', String(interpolation));
  if (padding !== ZEROS && padding !== BORDER)
    refuse('padding_mode', '0 (zeros) or 1 (border)', String(padding));
  const [batch, channels, height, width] = input.shape as [number, number, number, number];
  const [rows, columns] = grid.shape.slice(1, 3) as [number, number];
  const shape = [batch, channels, rows, columns];
  if (isEmpty(shape)) return emptyOf(shape, [input, grid]);
  const count = rows * columns;
  const [x, y] = [width, height].map((size, i) => {
    const own = squeeze(slice(reshape(grid, [batch, count, 2]), [0, 0, i], [batch, count, 1]), [2]);
    const place = unnormalized(own, size, alignCorners);
    return padding === BORDER ? clipped(place, size) : place;
  }) as [Tensor, Tensor];
  const flat = reshape(permute(input, [0, 2, 3, 1]), [batch * height * width, channels]);
  const at = (left: Tensor, top: Tensor) => elementsAt(flat, batch, left, top, [width, height]);
  const sampled =
    interpolation === NEAREST
      ? at(
          offTape(() => round(x)),
          offTape(() => round(y)),
        )
      : bilinear(x, y, at);
  return permute(reshape(sampled, [batch, rows, columns, channels]), [0, 3, 1, 2]);
}

/** The four elements about each place, weighted by their distances. */
function bilinear(x: Tensor, y: Tensor, at: (x: Tensor, y: Tensor) => Tensor): Tensor {
  const [left, top] = [offTape(() => floor(x)), offTape(() => floor(y))];
  const [right, bottom] = [offTape(() => add(left, 1)), offTape(() => add(top, 1))];
  const corner = (ofX: Tensor, ofY: Tensor, column: Tensor, row: Tensor) =>
    mul(at(column, row), reshape(mul(ofX, ofY), [x.size, 1]));
  const [toLeft, toTop] = [sub(x, left), sub(y, top)];
  const [toRight, toBottom] = [sub(right, x), sub(bottom, y)];
  return [
    corner(toRight, toBottom, left, top),
    corner(toLeft, toBottom, right, top),
    corner(toRight, toTop, left, bottom),
    corner(toLeft, toTop, right, bottom),
  ].reduce((sum, each) => add(sum, each));
}

/** Places from -1 to 1 in as many elements: the middles of the outermost ones, or their outer sides. */
function places(size: number, alignCorners: boolean): number[] {
  const each = (i: number) => (alignCorners ? (2 * i) / (size - 1) - 1 : (2 * i + 1) / size - 1);
  return Array.from({ length: size }, (_, i) => (alignCorners && size === 1 ? 0 : each(i)));
}

/** The grid `[N, H, W, 2]` of images whose places `[x, y, 1]` are turned by theta `[N, 2, 3]`. */
function affineGrid(theta: Tensor, size: readonly number[], alignCorners: boolean, call: Call): Tensor {
  if (size.length !== 4)
    throw new UnsupportedError(
      message(call.where, 'size', 'that of images, which have 4 axes', String(size.length)),
    );
  const [batch, , height, width] = size as [number, number, number, number];
  const shape = [batch, height, width, 2];
  if (isEmpty(shape)) return emptyOf(shape, [theta]);
  const [columns, rows] = [places(width, alignCorners), places(height, alignCorners)];
  const base = tensor(
    rows.flatMap((y) => columns.flatMap((x) => [x, y, 1])),
    [1, height * width, 3],
  );
  return reshape(matMul(base, theta, false, true), shape);
}

const ARGUMENTS = 'Tensor input, Tensor grid, int interpolation_mode, int padding_mode, bool align_corners';

export const GRID_SAMPLES: Readonly<Record<string, OpFunction>> = {
  [`aten::grid_sampler(${ARGUMENTS}) -> Tensor`]: gridSample,
  [`aten::grid_sampler_2d(${ARGUMENTS}) -> Tensor`]: gridSample,
  'aten::affine_grid_generator(Tensor theta, SymInt[] size, bool align_corners) -> Tensor': affineGrid,
};
