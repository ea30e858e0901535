/** Elements by their indices. */

import { mod, reshape, type Tensor, type Tensor1D, tensor2d, util } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { usingUp } from '../../../nn/in-turn.js';
import { placesOf, takeAlong } from '../../../nn/indexing/along.js';
import { int } from '../../../nn/indexing/int.js';
import { takeRows } from '../../../nn/indexing/rows.js';
import { offTape } from '../../../nn/off-tape.js';
import { commonShape, expand } from '../../../nn/shape/expand.js';
import { permute } from '../../../nn/shape/permute.js';
import { sliceAlong, withSize } from '../../../nn/shape/slice.js';
import { axisOf } from '../shared/axes.js';
import {
  coordinates,
  type Indexed,
  idsOf,
  indexedBy,
  indexInto,
  indicesInto,
  placesOfNonzero,
} from '../shared/indices.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';

function select(self: Tensor, dim: number, index: number, call: Call): Tensor {
  const axis = axisOf(dim, self.rank);
  const start = indexInto(self.shape[axis] as number, index, call);
  return reshape(sliceAlong(self, axis, start, 1), withSize(self.shape, axis));
}

/** The elements that a slice of Python takes from `size` ones: indices count from the end where they are negative. */
export function sliceRange(
  size: number,
  start: number | null,
  end: number | null,
): [start: number, length: number] {
  const place = (index: number) => Math.min(Math.max(index < 0 ? index + size : index, 0), size);
  const first = place(start ?? 0);
  return [first, Math.max(0, place(end ?? size) - first)];
}

function slice(self: Tensor, dim: number, start: number | null, end: number | null, step: number): Tensor {
  const axis = axisOf(dim, self.rank);
  const [first, length] = sliceRange(self.shape[axis] as number, start, end);
  if (step === 1 || length === 0) return sliceAlong(self, axis, first, length);
  return takeAlong(self, axis, steps(first, length, step));
}

/** `first`, `first + step`, ... within `length` elements. */
export function steps(first: number, length: number, step: number): Tensor1D {
  return idsOf(Array.from({ length: Math.ceil(length / step) }, (_, i) => first + i * step));
}

/** @throws RangeError for elements outside of the axis. */
function narrow(self: Tensor, dim: number, start: number, length: number, call: Call): Tensor {
  const axis = axisOf(dim, self.rank);
  const size = self.shape[axis] as number;
  // An empty part may start behind the last element.
  const first = indexInto(size + (start < 0 ? 0 : 1), start, call);
  if (first + length > size)
    throw new RangeError(message(call.where, 'length', `at most ${size - first}`, String(length)));
  return sliceAlong(self, axis, first, length);
}

/** x with the indexed axes as one, and what its elements are. */
export interface Gathered {
  /** Turned, where the indexed axes are not neighbours: then they come first. */
  readonly order: readonly number[] | undefined;
  readonly axis: number;
  /** The shape of x, turned, with one axis for those that are indexed. */
  readonly joined: readonly number[];
  /** The shape of `x[indices]`. */
  readonly result: readonly number[];
}

export function layOut(self: Tensor, { axes, shape }: Indexed): Gathered {
  const [first = 0] = axes;
  const isTogether = axes.every((axis, i) => axis === first + i);
  const others = self.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const before = isTogether ? others.slice(0, first) : [];
  const sizes = (list: readonly number[]) => list.map((axis) => self.shape[axis] as number);
  const behind = others.slice(before.length);
  const indexed = util.sizeFromShape(sizes(axes));
  return {
    order: isTogether ? undefined : [...axes, ...others],
    axis: before.length,
    joined: [...sizes(before), indexed, ...sizes(behind)],
    result: [...sizes(before), ...shape, ...sizes(behind)],
  };
}

function index(self: Tensor, indices: readonly (Tensor | null)[], call: Call): Tensor {
  const indexed = indexedBy(self, indices, call);
  if (indexed.axes.length === 0) return self;
  const { order, axis, joined, result } = layOut(self, indexed);
  return usingUp(
    self,
    (x) => (order ? permute(x, order) : x),
    (x) => reshape(x, [...joined]),
    (x) => takeAlong(x, axis, indexed.ids),
    (y) => reshape(y, [...result]),
  );
}

function indexSelect(self: Tensor, dim: number, index: Tensor, call: Call): Tensor {
  if (self.rank === 0) return self;
  const axis = axisOf(dim, self.rank);
  const ids = indicesInto(self.shape[axis] as number, index, call);
  return takeAlong(self, axis, reshape(ids, [ids.size]) as Tensor1D);
}

/** The values of x at places in them. */
const takePlaces = (x: Tensor, places: Tensor1D, shape: readonly number[]) =>
  usingUp(
    x,
    (value) => reshape(value, [x.size]),
    (values) => takeRows(values, places),
    (y) => reshape(y, [...shape]),
  );

export function gatherAlong(self: Tensor, axis: number, ids: Tensor): Tensor {
  if (self.rank === 0) return takePlaces(self, reshape(ids, [ids.size]) as Tensor1D, ids.shape);
  return takePlaces(self, placesOf(ids, axis, self.shape), ids.shape);
}

function gather(self: Tensor, dim: number, index: Tensor, _sparse: boolean, call: Call): Tensor {
  const axis = axisOf(dim, self.rank);
  return gatherAlong(self, axis, indicesInto(self.shape[axis] ?? 1, index, call));
}

function take(self: Tensor, index: Tensor, call: Call): Tensor {
  const ids = indicesInto(self.size, index, call, { fromEnd: true });
  return takePlaces(self, reshape(ids, [ids.size]) as Tensor1D, index.shape);
}

/** Axes but `dim` are broadcast. torch takes indices beyond the ends round and round. */
function takeAlongDim(self: Tensor, indices: Tensor, dim: number | null): Tensor {
  if (dim === null) return takeAlongDim(reshape(self, [self.size]), reshape(indices, [indices.size]), 0);
  const axis = axisOf(dim, self.rank);
  const common = commonShape(withSize(self.shape, axis, 1), withSize(indices.shape, axis, 1));
  const size = self.shape[axis] as number;
  const ids = offTape(() =>
    mod(expand(indices, withSize(common, axis, indices.shape[axis] as number)), int(size)),
  );
  return gatherAlong(expand(self, withSize(common, axis, size)), axis, ids);
}

function maskedSelect(self: Tensor, mask: Tensor, call: Call): Tensor {
  const shape = commonShape(self.shape, mask.shape);
  const places = idsOf(placesOfNonzero(call, expand(mask, shape)));
  return takePlaces(expand(self, shape), places, [places.size]);
}

function nonzero(self: Tensor, call: Call): Tensor {
  const places = placesOfNonzero(call, self);
  const columns = coordinates(places, self.shape);
  const values = places.flatMap((_, i) => columns.map((column) => column[i] as number));
  return tensor2d(Int32Array.from(values), [places.length, self.rank], 'int32');
}

export const INDEXING: Readonly<Record<string, OpFunction>> = {
  'aten::select.int(Tensor(a) self, int dim, SymInt index) -> Tensor(a)': select,
  'aten::slice.Tensor(Tensor(a) self, int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1) -> Tensor(a)':
    slice,
  'aten::narrow(Tensor(a) self, int dim, SymInt start, SymInt length) -> Tensor(a)': narrow,
  'aten::narrow.Tensor(Tensor(a) self, int dim, Tensor start, SymInt length) -> Tensor(a)': (
    self: Tensor,
    dim: number,
    start: Tensor,
    length: number,
    call: Call,
  ) => narrow(self, dim, readNow(call, start)[0] as number, length, call),
  'aten::index.Tensor(Tensor self, Tensor?[] indices) -> Tensor': index,
  'aten::_unsafe_index.Tensor(Tensor self, Tensor?[] indices) -> Tensor': index,
  'aten::index_select(Tensor self, int dim, Tensor index) -> Tensor': indexSelect,
  'aten::gather(Tensor self, int dim, Tensor index, *, bool sparse_grad=False) -> Tensor': gather,
  'aten::take_along_dim(Tensor self, Tensor indices, int? dim=None) -> Tensor': takeAlongDim,
  'aten::take(Tensor self, Tensor index) -> Tensor': take,
  'aten::masked_select(Tensor self, Tensor mask) -> Tensor': maskedSelect,
  'aten::nonzero(Tensor self) -> Tensor': nonzero,
  'aten::argwhere(Tensor self) -> Tensor': nonzero,
  'aten::nonzero_numpy(Tensor self) -> Tensor[]': (self: Tensor, call: Call) => {
    const x = self.rank === 0 ? reshape(self, [1]) : self;
    return coordinates(placesOfNonzero(call, x), x.shape).map(idsOf);
  },
};
