/** Axes as torch counts them. The graph was checked by torch, so that every axis is in range. */

/** Counts an axis from the front. A tensor without axes takes 0 and -1, as if it had one. */
export function axisOf(dim: number, rank: number): number {
  return dim < 0 ? dim + Math.max(rank, 1) : dim;
}

/** Axes from the front, without those that a tensor without axes only seems to have. */
export function axesOf(dims: readonly number[], rank: number): number[] {
  return rank === 0 ? [] : dims.map((dim) => axisOf(dim, rank));
}

/** The axes of a reduction: all of them where none are given. */
export function reducedAxes(dims: readonly number[] | null, rank: number): number[] {
  return dims === null || dims.length === 0 ? Array.from({ length: rank }, (_, i) => i) : axesOf(dims, rank);
}
