/** Tensors put together, and taken apart. */

import { concat, reshape, stack as stackTensors, type Tensor, zeros } from '@tensorflow/tfjs-core';
import { expand } from '../../../nn/shape/expand.js';
import { sliceAlong, splitAlong, withSize } from '../../../nn/shape/slice.js';
import { axisOf } from '../shared/axes.js';
import { as, resultDtype } from '../shared/dtypes.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';

/** Of one dtype, along an axis: the kernels of tfjs fail at tensors without elements. */
export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  const filled = tensors.filter(({ size }) => size > 0);
  if (filled.length > 1) return concat(filled, axis);
  const size = tensors.reduce((n, { shape }) => n + (shape[axis] as number), 0);
  const [first] = tensors as [Tensor];
  return filled[0] ?? zeros(withSize(first.shape, axis, size), first.dtype);
}

function cat(tensors: readonly Tensor[], dim: number, call: Call): Tensor {
  const joined = tensors.map((tensor) => as(tensor, resultDtype(call)));
  // torch takes tensors of shape [0] beside those of any rank, and passes over them.
  const shaped = joined.filter(({ rank, size }) => rank !== 1 || size > 0);
  const [first] = shaped.length > 0 ? shaped : joined;
  const axis = axisOf(dim, (first as Tensor).rank);
  return concatenate(shaped.length > 0 ? shaped : joined, axis);
}

function stack(tensors: readonly Tensor[], dim: number, call: Call): Tensor {
  const [first] = tensors as [Tensor];
  const axis = axisOf(dim, first.rank + 1);
  const shape = [...first.shape.slice(0, axis), 1, ...first.shape.slice(axis)];
  const apart = tensors.map((tensor) => reshape(as(tensor, resultDtype(call)), shape));
  return concatenate(apart, axis);
}

/** As torch.atleast_2d and such have it. */
export function atLeast(x: Tensor, rank: 1 | 2 | 3): Tensor {
  if (x.rank >= rank) return x;
  if (rank === 3) return reshape(x, x.rank === 2 ? [...x.shape, 1] : [1, x.size, 1]);
  return reshape(x, rank === 2 ? [1, x.size] : [1]);
}

/** Parts of one size, of which the last may be smaller. */
function splitEvenly(self: Tensor, size: number, dim: number): Tensor[] {
  const axis = axisOf(dim, self.rank);
  const total = self.shape[axis] as number;
  const count = Math.max(1, Math.ceil(total / Math.max(size, 1)));
  const sizes = Array.from({ length: count }, (_, i) => Math.min(size, total - i * size));
  return splitAlong(self, axis, sizes);
}

function chunk(self: Tensor, chunks: number, dim: number): Tensor[] {
  const total = self.shape[axisOf(dim, self.rank)] as number;
  if (total === 0) return new Array<Tensor>(chunks).fill(self);
  return splitEvenly(self, Math.ceil(total / chunks), dim);
}

const splitBySizes = (self: Tensor, sizes: readonly number[], dim: number) =>
  splitAlong(self, axisOf(dim, self.rank), sizes);

/** Parts whose sizes differ by one at most. */
function splitIntoSections(self: Tensor, sections: number, dim: number): Tensor[] {
  const axis = axisOf(dim, self.rank);
  const total = self.shape[axis] as number;
  const sizes = Array.from(
    { length: sections },
    (_, i) => Math.floor(total / sections) + (i < total % sections ? 1 : 0),
  );
  return splitAlong(self, axis, sizes);
}

/** Parts between indices, which count from the end where they are negative, as Python's slices do. */
function splitAtIndices(self: Tensor, indices: readonly number[], dim: number): Tensor[] {
  const axis = axisOf(dim, self.rank);
  const total = self.shape[axis] as number;
  const place = (index: number) => Math.min(Math.max(index < 0 ? index + total : index, 0), total);
  const starts = [0, ...indices.map(place)];
  const ends = [...indices.map(place), total];
  return starts.map((start, i) => sliceAlong(self, axis, start, Math.max(0, (ends[i] as number) - start)));
}

function splitByTensor(self: Tensor, indices: Tensor, dim: number, call: Call): Tensor[] {
  const values = Array.from(readNow(call, indices));
  return indices.rank === 0
    ? splitIntoSections(self, values[0] as number, dim)
    : splitAtIndices(self, values, dim);
}

function unbind(self: Tensor, dim: number): Tensor[] {
  const axis = axisOf(dim, self.rank);
  const shape = withSize(self.shape, axis);
  const parts = splitAlong(self, axis, new Array<number>(self.shape[axis] as number).fill(1));
  return parts.map((part) => {
    const shaped = reshape(part, shape);
    if (part !== self) part.dispose();
    return shaped;
  });
}

/** torch's `ij`: the i-th axis is that of the i-th tensor. `xy` exchanges the first two. */
function meshgrid(tensors: readonly Tensor[], indexing: string): Tensor[] {
  const axes = tensors.map((_, i) => i);
  if (indexing === 'xy' && axes.length > 1) axes.splice(0, 2, 1, 0);
  const shape = axes.map((_, axis) => (tensors[axes.indexOf(axis)] as Tensor).size);
  return tensors.map((tensor, i) =>
    expand(
      reshape(
        tensor,
        shape.map((size, axis) => (axis === axes[i] ? size : 1)),
      ),
      shape,
    ),
  );
}

function cartesianProduct(tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0] as Tensor;
  const columns = meshgrid(tensors, 'ij').map((column) => reshape(column, [column.size]));
  return stackTensors(columns, 1);
}

export const JOINING: Readonly<Record<string, OpFunction>> = {
  'aten::cat(Tensor[] tensors, int dim=0) -> Tensor': cat,
  'aten::concat(Tensor[] tensors, int dim=0) -> Tensor': cat,
  'aten::concatenate(Tensor[] tensors, int dim=0) -> Tensor': cat,
  'aten::stack(Tensor[] tensors, int dim=0) -> Tensor': stack,
  'aten::hstack(Tensor[] tensors) -> Tensor': (tensors: readonly Tensor[], call: Call) => {
    const all = tensors.map((tensor) => atLeast(tensor, 1));
    return cat(all, (all[0] as Tensor).rank === 1 ? 0 : 1, call);
  },
  'aten::vstack(Tensor[] tensors) -> Tensor': (tensors: readonly Tensor[], call: Call) =>
    cat(
      tensors.map((tensor) => atLeast(tensor, 2)),
      0,
      call,
    ),
  'aten::dstack(Tensor[] tensors) -> Tensor': (tensors: readonly Tensor[], call: Call) =>
    cat(
      tensors.map((tensor) => atLeast(tensor, 3)),
      2,
      call,
    ),
  'aten::column_stack(Tensor[] tensors) -> Tensor': (tensors: readonly Tensor[], call: Call) =>
    cat(
      tensors.map((tensor) => (tensor.rank < 2 ? reshape(tensor, [tensor.size, 1]) : tensor)),
      1,
      call,
    ),
  'aten::chunk(Tensor(a -> *) self, int chunks, int dim=0) -> Tensor(a)[]': chunk,
  'aten::unsafe_chunk(Tensor self, int chunks, int dim=0) -> Tensor[]': chunk,
  'aten::split.Tensor(Tensor(a -> *) self, SymInt split_size, int dim=0) -> Tensor(a)[]': splitEvenly,
  'aten::unsafe_split.Tensor(Tensor self, SymInt split_size, int dim=0) -> Tensor[]': splitEvenly,
  'aten::split.sizes(Tensor(a -> *) self, SymInt[] split_size, int dim=0) -> Tensor(a)[]': splitBySizes,
  'aten::split_with_sizes(Tensor(a -> *) self, SymInt[] split_sizes, int dim=0) -> Tensor(a)[]': splitBySizes,
  'aten::unsafe_split_with_sizes(Tensor self, SymInt[] split_sizes, int dim=0) -> Tensor[]': splitBySizes,
  'aten::tensor_split.sections(Tensor(a -> *) self, SymInt sections, int dim=0) -> Tensor(a)[]':
    splitIntoSections,
  'aten::tensor_split.indices(Tensor(a -> *) self, SymInt[] indices, int dim=0) -> Tensor(a)[]':
    splitAtIndices,
  'aten::tensor_split.tensor_indices_or_sections(Tensor(a -> *) self, Tensor tensor_indices_or_sections, int dim=0) -> Tensor(a)[]':
    splitByTensor,
  'aten::unbind.int(Tensor(a -> *) self, int dim=0) -> Tensor(a)[]': unbind,
  'aten::meshgrid(Tensor[] tensors) -> Tensor[]': (tensors: readonly Tensor[]) => meshgrid(tensors, 'ij'),
  'aten::meshgrid.indexing(Tensor[] tensors, *, str indexing) -> Tensor[]': meshgrid,
  'aten::cartesian_prod(Tensor[] tensors) -> Tensor': cartesianProduct,
};
