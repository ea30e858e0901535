/** What a way of storing a weight as other tensors has to say of itself. One scheme a file; `derive.ts` uses them. */

import { elementCount } from '../../state-dict/tensors/dtypes.js';
import type { TorchDtype } from '../../state-dict/tensors/tensor.js';

export type Shape = readonly number[];

/** A part of a weight as numbers: doubles of F64, float32 of all other dtypes. */
export interface Part {
  readonly shape: Shape;
  readonly values: Float32Array | Float64Array;
  /** Rounds to the dtype in the file, as an operation of torch does whose result has it. */
  round(value: number): number;
}

/** A way in which torch stores a weight as other tensors. */
export interface Scheme {
  /** As reports name it: 'weight norm'. */
  readonly name: string;
  /** What follows the weight's name in the names of its parts: `weight_g`, `weight_v`. */
  readonly suffixes: readonly string[];
  /** Names of the weights that may be stored so. Absent: any. */
  readonly weights?: RegExp;
  /** Which of the parts has the dtype of the weight. */
  readonly main: number;
  /** The shape of the weight; undefined where parts of these shapes are not of this scheme. */
  shapeOf(parts: readonly Shape[]): Shape | undefined;
  /** The elements of the weight in evaluation; undefined where the parts do not determine it. */
  compute(parts: readonly Part[]): Float32Array | Float64Array | undefined;
}

/** What a derivation looks at before it reads numbers. */
export interface Described {
  readonly dtype: TorchDtype;
  readonly shape: Shape;
}

/** Rounds a number to the precision that the elements have. */
export function roundingOf({ values }: Part): (value: number) => number {
  return values instanceof Float64Array ? (value) => value : Math.fround;
}

/** Zeros, as many and as precise as the elements of a part. */
export function emptyLike({ values }: Part): Float32Array | Float64Array {
  return values instanceof Float64Array ? new Float64Array(values.length) : new Float32Array(values.length);
}

export function isSameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

/** The sizes before an axis, of it, and behind it, each as a product: element `(o * size + i) * inner + k`. */
export function around(shape: Shape, axis: number): { outer: number; size: number; inner: number } {
  return {
    outer: elementCount(shape.slice(0, axis)),
    size: shape[axis] as number,
    inner: elementCount(shape.slice(axis + 1)),
  };
}
