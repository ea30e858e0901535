/** Diagonals of matrices, read and written. */

import { reshape, type Tensor, type Tensor1D, tensor1d } from '@tensorflow/tfjs-core';
import { addAlong, putAlong, takeAlong } from '../../../nn/indexing/along.js';
import { permute } from '../../../nn/shape/permute.js';
import { axisOf } from '../shared/axes.js';

/** The places of a diagonal in the values of a matrix. */
function diagonalIds(rows: number, columns: number, offset: number): Tensor1D {
  const [row, column] = [Math.max(-offset, 0), Math.max(offset, 0)];
  const length = Math.max(0, Math.min(rows - row, columns - column));
  const ids = Int32Array.from({ length }, (_, i) => (row + i) * columns + column + i);
  return tensor1d(ids, 'int32');
}

/** The axes in an order that has two of them last. */
function withLast(rank: number, ...last: readonly number[]): number[] {
  return [...Array.from({ length: rank }, (_, axis) => axis).filter((axis) => !last.includes(axis)), ...last];
}

/** The diagonal of the matrices along two axes, as a new last axis. */
export function diagonal(self: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const turned = permute(self, withLast(self.rank, axisOf(dim1, self.rank), axisOf(dim2, self.rank)));
  const [rows, columns] = turned.shape.slice(-2) as [number, number];
  const batch = turned.shape.slice(0, -2);
  const flat = reshape(turned, [...batch, rows * columns]);
  return takeAlong(flat, batch.length, diagonalIds(rows, columns, offset));
}

/** Matrices along two new axes that are zero outside of the diagonal, which is the last axis of self. */
export function diagonalMatrix(self: Tensor, offset: number, dim1: number, dim2: number): Tensor {
  const axis = self.rank - 1;
  const side = (self.shape[axis] as number) + Math.abs(offset);
  const flat = addAlong(self, axis, diagonalIds(side, side, offset), side * side);
  const matrices = reshape(flat, [...self.shape.slice(0, -1), side, side]);
  return permute(
    matrices,
    inverse(withLast(self.rank + 1, axisOf(dim1, self.rank + 1), axisOf(dim2, self.rank + 1))),
  );
}

/** A copy of self with another diagonal. */
export function diagonalScatter(
  self: Tensor,
  src: Tensor,
  offset: number,
  dim1: number,
  dim2: number,
): Tensor {
  const order = withLast(self.rank, axisOf(dim1, self.rank), axisOf(dim2, self.rank));
  const turned = permute(self, order);
  const [rows, columns] = turned.shape.slice(-2) as [number, number];
  const batch = turned.shape.slice(0, -2);
  const flat = reshape(turned, [...batch, rows * columns]);
  const put = putAlong(flat, batch.length, diagonalIds(rows, columns, offset), src);
  return permute(reshape(put, turned.shape), inverse(order));
}

/** The order that takes axes back to where another has taken them from. */
export function inverse(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}
