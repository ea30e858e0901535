/** Other shapes and orders of the same elements. */

import { reshape, type Tensor, tensor1d, util } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { usingUp } from '../../../nn/in-turn.js';
import { takeAlong } from '../../../nn/indexing/along.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { moveAxis, permute, swapAxes } from '../../../nn/shape/permute.js';
import { flipAlong, sliceAlong, withSize } from '../../../nn/shape/slice.js';
import { axesOf, axisOf } from '../shared/axes.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';
import { diagonal, diagonalMatrix } from './diagonals.js';
import { atLeast, concatenate } from './joining.js';

/** A shape in which one size may be -1: what is left. */
function resolveShape(size: number, shape: readonly number[]): number[] {
  const known = util.sizeFromShape(shape.filter((each) => each !== -1));
  return shape.map((each) => (each === -1 ? size / known : each));
}

const view = (self: Tensor, shape: readonly number[]) => reshape(self, resolveShape(self.size, shape));
const viewAs = (self: Tensor, other: Tensor) => reshape(self, other.shape);

function flatten(self: Tensor, start: number, end: number): Tensor {
  const [from, to] = [axisOf(start, self.rank), axisOf(end, self.rank)];
  const size = util.sizeFromShape(self.shape.slice(from, to + 1));
  return reshape(self, [...self.shape.slice(0, from), size, ...self.shape.slice(to + 1)]);
}

function unflatten(self: Tensor, dim: number, sizes: readonly number[]): Tensor {
  const axis = axisOf(dim, self.rank);
  return reshape(self, withSize(self.shape, axis, ...resolveShape(self.shape[axis] as number, sizes)));
}

function squeeze(self: Tensor, dims: readonly number[]): Tensor {
  const axes = new Set(axesOf(dims, self.rank));
  return reshape(
    self,
    self.shape.filter((size, axis) => size !== 1 || !axes.has(axis)),
  );
}

export function unsqueeze(self: Tensor, dim: number): Tensor {
  const axis = axisOf(dim, self.rank + 1);
  return reshape(self, [...self.shape.slice(0, axis), 1, ...self.shape.slice(axis)]);
}

function transpose(self: Tensor, dim0: number, dim1: number): Tensor {
  return swapAxes(self, axisOf(dim0, self.rank), axisOf(dim1, self.rank));
}

const reversed = (self: Tensor) => permute(self, self.shape.map((_, axis) => axis).reverse());
const matrixTransposed = (self: Tensor) => (self.rank === 0 ? self : transpose(self, -2, -1));

function movedim(self: Tensor, source: readonly number[], destination: readonly number[]): Tensor {
  const [from, to] = [axesOf(source, self.rank), axesOf(destination, self.rank)];
  const rest = self.shape.map((_, axis) => axis).filter((axis) => !from.includes(axis));
  const order = self.shape.map((_, axis) => {
    const moved = to.indexOf(axis);
    return moved === -1 ? (rest.shift() as number) : (from[moved] as number);
  });
  return permute(self, order);
}

function expandTo(self: Tensor, size: readonly number[]): Tensor {
  const added = size.length - self.rank;
  return expand(
    self,
    size.map((each, i) => (each === -1 ? (self.shape[i - added] as number) : each)),
  );
}

/** `[2, 3]` of `[a, b]` is `[2, a, 3, b]` of `[1, a, 1, b]`, read as `[2a, 3b]`. */
function repeat(self: Tensor, repeats: readonly number[]): Tensor {
  const shape = [...new Array<number>(Math.max(0, repeats.length - self.rank)).fill(1), ...self.shape];
  const times = [...new Array<number>(shape.length - repeats.length).fill(1), ...repeats];
  const apart = reshape(
    self,
    shape.flatMap((size) => [1, size]),
  );
  const repeated = expand(
    apart,
    shape.flatMap((size, axis) => [times[axis] as number, size]),
  );
  return reshape(
    repeated,
    shape.map((size, axis) => size * (times[axis] as number)),
  );
}

function repeatEach(self: Tensor, times: number, dim: number | null): Tensor {
  if (dim === null) return repeatEach(reshape(self, [self.size]), times, 0);
  const x = self.rank === 0 ? reshape(self, [1]) : self;
  const axis = axisOf(dim, x.rank);
  const size = x.shape[axis] as number;
  const repeated = expand(unsqueeze(x, axis + 1), withSize(x.shape, axis, size, times));
  return reshape(repeated, withSize(x.shape, axis, size * times));
}

/** `[0, 0, 2]` for the numbers `[2, 0, 1]`. */
function repeatedIds(call: Call, repeats: Tensor): Int32Array {
  const times = Array.from(readNow(call, repeats));
  const negative = times.find((count) => count < 0);
  if (negative !== undefined)
    throw new RangeError(message(call.where, 'repeats', 'numbers of 0 or more', String(negative)));
  return Int32Array.from(times.flatMap((count, id) => new Array<number>(count).fill(id)));
}

function repeatEachBy(self: Tensor, repeats: Tensor, dim: number | null, _size: unknown, call: Call): Tensor {
  if (dim === null) return repeatEachBy(reshape(self, [self.size]), repeats, 0, null, call);
  const x = self.rank === 0 ? reshape(self, [1]) : self;
  const axis = axisOf(dim, x.rank);
  const each = expand(reshape(repeats, [repeats.size]), [x.shape[axis] as number]);
  return takeAlong(x, axis, tensor1d(repeatedIds(call, each), 'int32'));
}

const flip = (self: Tensor, dims: readonly number[]) =>
  usingUp(self, ...axesOf(dims, self.rank).map((axis) => (x: Tensor) => flipAlong(x, axis)));

function roll(self: Tensor, shifts: readonly number[], dims: readonly number[]): Tensor {
  if (dims.length === 0)
    return reshape(rollAlong(reshape(self, [self.size]), 0, shifts[0] as number), self.shape);
  return axesOf(dims, self.rank).reduce((x, axis, i) => rollAlong(x, axis, shifts[i] as number), self);
}

function rollAlong(x: Tensor, axis: number, shift: number): Tensor {
  const size = x.shape[axis] as number;
  const first = size === 0 ? 0 : ((-shift % size) + size) % size;
  if (first === 0) return x;
  return concatenate([sliceAlong(x, axis, first, size - first), sliceAlong(x, axis, 0, first)], axis);
}

function rot90(self: Tensor, k: number, dims: readonly number[]): Tensor {
  const [a, b] = axesOf(dims, self.rank) as [number, number];
  const turns = ((k % 4) + 4) % 4;
  if (turns === 0) return self;
  if (turns === 2) return flipAlong(flipAlong(self, a), b);
  return turns === 1 ? swapAxes(flipAlong(self, b), a, b) : flipAlong(swapAxes(self, a, b), b);
}

/** Windows along an axis, whose elements are a new last axis. */
function unfold(self: Tensor, dim: number, size: number, step: number): Tensor {
  const x = self.rank === 0 ? reshape(self, [1]) : self;
  const axis = axisOf(dim, x.rank);
  const count = Math.floor(((x.shape[axis] as number) - size) / step) + 1;
  const ids = Int32Array.from({ length: count * size }, (_, i) => Math.floor(i / size) * step + (i % size));
  return usingUp(
    x,
    (value) => takeAlong(value, axis, tensor1d(ids, 'int32')),
    (taken) => reshape(taken, withSize(x.shape, axis, count, size)),
    (windows) => (self.rank === 0 ? reshape(windows, [size]) : moveAxis(windows, axis + 1, x.rank)),
  );
}

export const SHAPE: Readonly<Record<string, OpFunction>> = {
  'aten::sym_size.int(Tensor self, int dim) -> SymInt': (self: Tensor, dim: number) =>
    self.shape[axisOf(dim, self.rank)] as number,
  'aten::sym_numel(Tensor self) -> SymInt': (self: Tensor) => self.size,
  'aten::view(Tensor(a) self, SymInt[] size) -> Tensor(a)': view,
  'aten::reshape(Tensor(a) self, SymInt[] shape) -> Tensor(a)': view,
  'aten::_unsafe_view(Tensor self, SymInt[] size) -> Tensor': view,
  'aten::view_copy(Tensor self, SymInt[] size) -> Tensor': view,
  'aten::view_as(Tensor(a) self, Tensor other) -> Tensor(a)': viewAs,
  'aten::reshape_as(Tensor(a) self, Tensor other) -> Tensor(a)': viewAs,
  'aten::flatten.using_ints(Tensor(a) self, int start_dim=0, int end_dim=-1) -> Tensor(a)': (
    self: Tensor,
    start: number,
    end: number,
  ) => (self.rank === 0 ? reshape(self, [1]) : flatten(self, start, end)),
  'aten::unflatten.int(Tensor(a) self, int dim, SymInt[] sizes) -> Tensor(a)': unflatten,
  'aten::ravel(Tensor(a) self) -> Tensor(a)': (self: Tensor) => reshape(self, [self.size]),
  'aten::squeeze(Tensor(a) self) -> Tensor(a)': (self: Tensor) =>
    reshape(
      self,
      self.shape.filter((size) => size !== 1),
    ),
  'aten::squeeze.dim(Tensor(a) self, int dim) -> Tensor(a)': (self: Tensor, dim: number) =>
    squeeze(self, [dim]),
  'aten::squeeze.dims(Tensor(a) self, int[] dim) -> Tensor(a)': squeeze,
  'aten::unsqueeze(Tensor(a) self, int dim) -> Tensor(a)': unsqueeze,
  'aten::transpose.int(Tensor(a) self, int dim0, int dim1) -> Tensor(a)': transpose,
  'aten::transpose_(Tensor(a!) self, int dim0, int dim1) -> Tensor(a!)': transpose,
  'aten::swapaxes(Tensor(a) self, int axis0, int axis1) -> Tensor(a)': transpose,
  'aten::swapdims(Tensor(a) self, int dim0, int dim1) -> Tensor(a)': transpose,
  'aten::t(Tensor(a) self) -> Tensor(a)': reversed,
  'aten::numpy_T(Tensor(a) self) -> Tensor(a)': reversed,
  'aten::mT(Tensor(a) self) -> Tensor(a)': matrixTransposed,
  'aten::mH(Tensor(a) self) -> Tensor(a)': matrixTransposed,
  'aten::matrix_H(Tensor(a) self) -> Tensor(a)': matrixTransposed,
  'aten::adjoint(Tensor(a) self) -> Tensor(a)': matrixTransposed,
  'aten::permute(Tensor(a) self, int[] dims) -> Tensor(a)': (self: Tensor, dims: readonly number[]) =>
    permute(self, axesOf(dims, self.rank)),
  'aten::movedim.int(Tensor(a) self, int source, int destination) -> Tensor(a)': (
    self: Tensor,
    source: number,
    destination: number,
  ) => movedim(self, [source], [destination]),
  'aten::movedim.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)': movedim,
  'aten::moveaxis.int(Tensor(a) self, int source, int destination) -> Tensor(a)': (
    self: Tensor,
    source: number,
    destination: number,
  ) => movedim(self, [source], [destination]),
  'aten::moveaxis.intlist(Tensor(a) self, int[] source, int[] destination) -> Tensor(a)': movedim,
  'aten::expand(Tensor(a) self, SymInt[] size, *, bool implicit=False) -> Tensor(a)': expandTo,
  'aten::expand_as(Tensor(a) self, Tensor other) -> Tensor(a)': (self: Tensor, other: Tensor) =>
    expand(self, other.shape),
  'aten::broadcast_to(Tensor(a) self, SymInt[] size) -> Tensor(a)': expandTo,
  'aten::broadcast_tensors(Tensor[] tensors) -> Tensor[]': (tensors: readonly Tensor[]) => {
    const shape = commonShape(...tensors.map((tensor) => tensor.shape));
    return tensors.map((tensor) => expand(tensor, shape));
  },
  'aten::repeat(Tensor self, SymInt[] repeats) -> Tensor': repeat,
  'aten::tile(Tensor self, SymInt[] dims) -> Tensor': repeat,
  'aten::repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor': (
    repeats: Tensor,
    _size: unknown,
    call: Call,
  ) => tensor1d(repeatedIds(call, repeats), 'int32'),
  'aten::repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor':
    repeatEachBy,
  'aten::repeat_interleave.self_int(Tensor self, SymInt repeats, int? dim=None, *, SymInt? output_size=None) -> Tensor':
    repeatEach,
  'aten::flip(Tensor self, int[] dims) -> Tensor': flip,
  'aten::fliplr(Tensor self) -> Tensor': (self: Tensor) => flipAlong(self, 1),
  'aten::flipud(Tensor self) -> Tensor': (self: Tensor) => flipAlong(self, 0),
  'aten::roll(Tensor self, SymInt[1] shifts, int[1] dims=[]) -> Tensor': roll,
  'aten::rot90(Tensor self, int k=1, int[] dims=[0, 1]) -> Tensor': rot90,
  'aten::diagonal(Tensor(a) self, int offset=0, int dim1=0, int dim2=1) -> Tensor(a)': diagonal,
  'aten::diagonal_copy(Tensor self, int offset=0, int dim1=0, int dim2=1) -> Tensor': diagonal,
  'aten::diag(Tensor self, int diagonal=0) -> Tensor': (self: Tensor, offset: number) =>
    self.rank === 1 ? diagonalMatrix(self, offset, 0, 1) : diagonal(self, offset, 0, 1),
  'aten::diag_embed(Tensor self, int offset=0, int dim1=-2, int dim2=-1) -> Tensor': diagonalMatrix,
  'aten::diagflat(Tensor self, int offset=0) -> Tensor': (self: Tensor, offset: number) =>
    diagonalMatrix(reshape(self, [self.size]), offset, 0, 1),
  'aten::unfold(Tensor(a) self, int dimension, int size, int step) -> Tensor(a)': unfold,
  'aten::atleast_1d(Tensor self) -> Tensor': (self: Tensor) => atLeast(self, 1),
  'aten::atleast_2d(Tensor self) -> Tensor': (self: Tensor) => atLeast(self, 2),
  'aten::atleast_3d(Tensor self) -> Tensor': (self: Tensor) => atLeast(self, 3),
};
