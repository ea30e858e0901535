/** Linear algebra of the variants, in float64. */

export type Vector = readonly number[];
/** By rows. */
export type Matrix = readonly Vector[];

export function affine(matrix: Matrix, vector: Vector, bias: Vector): Vector {
  return matrix.map((row, i) => row.reduce((sum, weight, k) => sum + weight * vector[k]!, bias[i]!));
}

export function multiply(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value * b[i]!);
}

export function add(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]!);
}

export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

/** A matrix of the same shape whose numbers are read as if the transpose had been stored. */
export function misreadTransposed(matrix: Matrix): Matrix {
  const flat = matrix.flat();
  return matrix.map((row, i) => row.map((_, k) => flat[k * matrix.length + i]!));
}

/** The same for each block of `rows` rows. */
export function misreadBlocksTransposed(matrix: Matrix, rows: number): Matrix {
  return range(matrix.length / rows).flatMap((block) =>
    misreadTransposed(matrix.slice(block * rows, (block + 1) * rows)),
  );
}

export function split(data: ArrayLike<number>, size: number): Vector[] {
  return range(data.length / size).map((i) => Array.from({ length: size }, (_, k) => data[i * size + k]!));
}

export function zeros(size: number): number[] {
  return new Array<number>(size).fill(0);
}

export function range(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}
