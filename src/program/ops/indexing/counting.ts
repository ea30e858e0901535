/** Values that occur, and how often: their number depends on the data. */

import { reshape, type Tensor, tensor, tensor1d, util, zeros } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';
import { takeAlong } from '../../../nn/indexing/along.js';
import { axisOf } from '../shared/axes.js';
import { checkIndices, idsOf } from '../shared/indices.js';
import { readNow } from '../shared/read-now.js';
import type { Call, OpFunction } from '../types.js';

/** Runs of equal elements in an order: the first element of each, the run of each element, and their lengths. */
interface Runs {
  readonly firsts: readonly number[];
  readonly inverse: Int32Array;
  readonly counts: readonly number[];
}

/** @param order  the elements, equal ones side by side; isEqual  compares an element with the one before it in the order. */
function runsOf(order: ArrayLike<number>, isEqual: (a: number, b: number) => boolean): Runs {
  const [firsts, counts]: [number[], number[]] = [[], []];
  const inverse = new Int32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const element = order[i] as number;
    if (i === 0 || !isEqual(order[i - 1] as number, element)) {
      firsts.push(element);
      counts.push(0);
    }
    inverse[element] = firsts.length - 1;
    counts[counts.length - 1] = (counts.at(-1) as number) + 1;
  }
  return { firsts, inverse, counts };
}

/** Along an axis, whose elements are compared as wholes. */
function uniqueAlong(self: Tensor, axis: number, isSorted: boolean, call: Call): [Tensor, Runs] {
  const values = readNow(call, self);
  const size = self.shape[axis] as number;
  const inner = util.sizeFromShape(self.shape.slice(axis + 1));
  const outer = self.size / Math.max(1, size * inner);
  const compare = (a: number, b: number) => {
    for (let o = 0; o < outer; o++)
      for (let i = 0; i < inner; i++) {
        const difference = ordered(
          values[(o * size + a) * inner + i] as number,
          values[(o * size + b) * inner + i] as number,
        );
        if (difference !== 0) return difference;
      }
    return 0;
  };
  const order = Int32Array.from({ length: size }, (_, i) => i);
  if (isSorted) order.sort((a, b) => compare(a, b) || a - b);
  const runs = runsOf(order, (a, b) => compare(a, b) === 0);
  return [takeAlong(self, axis, idsOf(runs.firsts)), runs];
}

/** NaN lies behind all numbers, and equals none, also not itself. */
function ordered(a: number, b: number): number {
  if (a === b) return 0;
  return a < b || Number.isNaN(b) ? -1 : 1;
}

/** torch gives empty tensors for what was not asked for. */
function results(
  [values, { inverse, counts }]: [Tensor, Runs],
  shape: readonly number[],
  hasInverse: boolean,
  hasCounts: boolean,
): Tensor[] {
  const none = () => zeros([0], 'int32');
  return [
    values,
    hasInverse ? reshape(idsOf(inverse), [...shape]) : none(),
    hasCounts ? idsOf(counts) : none(),
  ];
}

function unique(
  self: Tensor,
  _sorted: boolean,
  hasInverse: boolean,
  hasCounts: boolean,
  call: Call,
): Tensor[] {
  const flat = reshape(self, [self.size]);
  return results(uniqueAlong(flat, 0, true, call), self.shape, hasInverse, hasCounts);
}

function uniqueConsecutive(
  self: Tensor,
  hasInverse: boolean,
  hasCounts: boolean,
  dim: number | null,
  call: Call,
): Tensor[] {
  const x = dim === null ? reshape(self, [self.size]) : self;
  const axis = dim === null ? 0 : axisOf(dim, self.rank);
  const shape = dim === null ? self.shape : [self.shape[axis] as number];
  // Along an axis torch gives everything, as unique_dim does; but the axis 0 of a vector counts as none.
  const isAll = dim !== null && !(dim === 0 && self.rank === 1);
  return results(uniqueAlong(x, axis, false, call), shape, hasInverse || isAll, hasCounts || isAll);
}

function uniqueDim(
  self: Tensor,
  dim: number,
  _sorted: boolean,
  _hasInverse: boolean,
  _hasCounts: boolean,
  call: Call,
): Tensor[] {
  const axis = axisOf(dim, self.rank);
  return results(uniqueAlong(self, axis, true, call), [self.shape[axis] as number], true, true);
}

function bincount(self: Tensor, weights: Tensor | null, least: number, call: Call): Tensor {
  // torch forgets the weights where there is nothing to count.
  if (self.size === 0) return zeros([least], 'int32');
  const bins = readNow(call, self);
  const amounts = weights && readNow(call, weights);
  const length = Array.from(bins).reduce((most, bin) => Math.max(most, bin + 1), least);
  checkIndices(length, bins, call, { what: 'self' });
  const counts = weights?.dtype === 'float32' ? new Float64Array(length) : new Int32Array(length);
  for (const [i, bin] of bins.entries())
    counts[bin] = (counts[bin] as number) + (amounts ? (amounts[i] as number) : 1);
  return counts instanceof Int32Array ? tensor1d(counts, 'int32') : tensor(Float32Array.from(counts));
}

/** The numbers of elements in bins of one width from least to most, or from the least element to the greatest where both are one number. */
function histogram(self: Tensor, bins: number, least: number, most: number, call: Call): Tensor {
  const values = Array.from(readNow(call, self));
  const [first, last] = boundsOf(values, least, most);
  if (!Number.isFinite(first) || !Number.isFinite(last))
    throw new RangeError(message(call.where, 'self', 'finite elements', `${first} to ${last}`));
  const width = (last - first) / bins;
  // torch counts the edges from the end that is nearer, in float32.
  const edgeAt = (i: number) =>
    Math.fround(i < (bins + 1) / 2 ? first + i * width : last - (bins - i) * width);
  const counts = new Float32Array(bins);
  for (const value of values) {
    if (!(value >= first && value <= last)) continue;
    let bin = Math.min(Math.floor((value - first) / width), bins - 1);
    while (bin > 0 && value < edgeAt(bin)) bin--;
    while (bin < bins - 1 && value >= edgeAt(bin + 1)) bin++;
    counts[bin] = (counts[bin] as number) + 1;
  }
  return tensor1d(counts);
}

function boundsOf(values: readonly number[], least: number, most: number): [number, number] {
  if (least !== most || values.length === 0) return least === most ? [least - 1, most + 1] : [least, most];
  const [first, last] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as [number, number]);
  return first === last ? [first - 1, last + 1] : [first, last];
}

const RETURNS = 'bool return_inverse=False, bool return_counts=False';

export const COUNTING: Readonly<Record<string, OpFunction>> = {
  [`aten::_unique2(Tensor self, bool sorted=True, ${RETURNS}) -> (Tensor, Tensor, Tensor)`]: unique,
  [`aten::unique_consecutive(Tensor self, ${RETURNS}, int? dim=None) -> (Tensor, Tensor, Tensor)`]:
    uniqueConsecutive,
  [`aten::unique_dim(Tensor self, int dim, bool sorted=True, ${RETURNS}) -> (Tensor, Tensor, Tensor)`]:
    uniqueDim,
  'aten::histc(Tensor self, int bins=100, Scalar min=0, Scalar max=0) -> Tensor': histogram,
  'aten::bincount(Tensor self, Tensor? weights=None, SymInt minlength=0) -> Tensor': bincount,
};
