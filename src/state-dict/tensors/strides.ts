/** Copies strided elements into row-major order, and swaps the bytes of big-endian elements. */

import { elementCount } from './dtypes.js';

type Units = Uint8Array | Uint16Array | Uint32Array;

type UnitsConstructor = new (buffer: ArrayBufferLike, byteOffset?: number, length?: number) => Units;

const UNITS: Readonly<Record<1 | 2 | 4, UnitsConstructor>> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
};

/**
 * Columns of a transposed matrix that are copied at a time, row by row: so many cache lines of the source stay in the cache until
 * the next rows have used them. Shorter runs are not worth a call of `set` either.
 */
const BLOCK = 32;

/** Elements of a block: to find the place of the next takes no longer than to copy them. */
const SMALL = BLOCK * BLOCK;

/**
 * Bytes between elements, as a multiple of theirs, that are copied with them to be aligned. Beyond, thousands of tensors of a few
 * elements could each copy the whole of one storage.
 */
const SPARSE = 4;

/** One axis: how many indices, and how many units from one to the next. */
interface Axis {
  readonly size: number;
  readonly stride: number;
}

/** Whether elements of this shape are contiguous in row-major order. Strides of axes of size 1 are ignored. */
export function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis];
    if (size === 0) return true;
    if (size !== 1 && strides[axis] !== expected) return false;
    expected *= size;
  }
  return true;
}

/** Strides in Fortran's order: the first index runs fastest. */
export function columnMajor(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}

/** Elements from the first to the last, both included; 0 for an empty shape. */
export function elementSpan(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, size, axis) => span + (size - 1) * strides[axis], 1);
}

/**
 * A row-major copy of the elements that `bytes` hold at the given strides.
 *
 * @param elementBytes  1, 2, 4, or a multiple of 4.
 * @param strides  in elements.
 */
export function gather(
  bytes: Uint8Array,
  elementBytes: number,
  shape: readonly number[],
  strides: readonly number[],
): Uint8Array<ArrayBuffer> {
  // Copied as integers of at most 4 bytes: floats would lose the payload of NaN, and 64-bit integers are slow.
  const widest = Math.min(elementBytes, 4) as 1 | 2 | 4;
  const source = alignedTo(widest, bytes, elementBytes * elementCount(shape));
  const unitBytes = source.byteOffset % widest === 0 ? widest : 1;
  const units = elementBytes / unitBytes;
  const axes = mergedAxes([
    ...shape.map((size, axis) => ({ size, stride: strides[axis] * units })),
    { size: units, stride: 1 },
  ]);
  const count = axes.reduce((product, { size }) => product * size, 1);
  const from = new UNITS[unitBytes](source.buffer, source.byteOffset, Math.floor(source.length / unitBytes));
  const result = new Uint8Array(count * unitBytes);
  const target = new UNITS[unitBytes](result.buffer);
  if (count > 0) copyAxes(from, target, axes);
  return result;
}

/** The same bytes at an address that fits their elements; where most of them are not elements, as they are. */
function alignedTo(alignment: number, bytes: Uint8Array, elements: number): Uint8Array {
  if (bytes.byteOffset % alignment === 0 || bytes.length > SPARSE * elements) return bytes;
  return bytes.slice();
}

const ONE: Axis = { size: 1, stride: 0 };

/** Drops axes of size 1, and merges neighbours that step as one axis. */
function mergedAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = [];
  for (const axis of axes) {
    if (axis.size === 1) continue;
    const last = merged.at(-1);
    if (last && last.stride === axis.size * axis.stride) {
      merged[merged.length - 1] = { size: last.size * axis.size, stride: axis.stride };
    } else {
      merged.push(axis);
    }
  }
  return merged;
}

/** Copies block by block, for every index of the axes before those of a block. */
function copyAxes(source: Units, target: Units, axes: readonly Axis[]): void {
  const { outer, size, copy } = blocksOf(axes);
  const index = outer.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to += size) {
    copy(source, from, target, to);
    for (let axis = outer.length - 1; axis >= 0; axis--) {
      const { size, stride } = outer[axis];
      from += stride;
      index[axis] = index[axis] + 1;
      if (index[axis] !== size) break;
      from -= size * stride;
      index[axis] = 0;
    }
  }
}

/** What is copied at a time, and the axes around it. */
interface Blocks {
  readonly outer: readonly Axis[];
  /** Elements of a block. */
  readonly size: number;
  copy(source: Units, from: number, target: Units, to: number): void;
}

/** The matrices of the last two axes; where they are small, as many axes as make a block. */
export function blocksOf(axes: readonly Axis[]): Blocks {
  const [rows, columns] = [ONE, ONE, ...axes].slice(-2) as [Axis, Axis];
  const matrix = rows.size * columns.size;
  if (axes.length > 2 && matrix < SMALL) return smallBlocksOf(axes);
  return {
    outer: axes.slice(0, -2),
    size: matrix,
    copy: (source, from, target, to) => copyMatrix(source, from, target, to, rows, columns),
  };
}

/** The last axes whose product is small are a list of places, which the axis before them repeats. */
function smallBlocksOf(axes: readonly Axis[]): Blocks {
  let places = [0];
  let first = axes.length;
  while (first > 1 && places.length * axes[first - 1].size < SMALL) {
    const { size, stride } = axes[--first];
    places = Array.from({ length: size }, (_, i) => places.map((place) => place + i * stride)).flat();
  }
  const rows = axes[first - 1];
  return {
    outer: axes.slice(0, first - 1),
    size: rows.size * places.length,
    copy: (source, from, target, to) => {
      let at = to;
      for (let row = 0; row < rows.size; row++) {
        const start = from + row * rows.stride;
        for (const place of places) target[at++] = source[start + place];
      }
    },
  };
}

function copyMatrix(source: Units, from: number, target: Units, to: number, rows: Axis, columns: Axis): void {
  if (columns.stride === 1 && columns.size >= BLOCK) {
    for (let row = 0; row < rows.size; row++) {
      const start = from + row * rows.stride;
      target.set(source.subarray(start, start + columns.size), to + row * columns.size);
    }
    return;
  }
  for (let left = 0; left < columns.size; left += BLOCK) {
    const right = Math.min(left + BLOCK, columns.size);
    for (let row = 0; row < rows.size; row++) {
      const start = from + row * rows.stride;
      const end = to + row * columns.size;
      for (let column = left; column < right; column++) {
        target[end + column] = source[start + column * columns.stride];
      }
    }
  }
}

/** Reverses the bytes of every element in place. C64 is two elements of 4 bytes. */
export function swapBytes(bytes: Uint8Array, elementBytes: number): void {
  const last = elementBytes - 1;
  for (let begin = 0; begin < bytes.length; begin += elementBytes) {
    for (let i = 0; 2 * i < last; i++) {
      const low = bytes[begin + i];
      bytes[begin + i] = bytes[begin + last - i];
      bytes[begin + last - i] = low;
    }
  }
}
