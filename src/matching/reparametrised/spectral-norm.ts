import { around, emptyLike, type Part, roundingOf, type Scheme, type Shape } from './scheme.js';

/** The cosine of u and W v, or of v and W^T u, above which they are taken for those of W: vectors of another matrix have about 1/sqrt(n). */
const AGREEMENT = 0.9;

/**
 * `w = W / sigma` with `sigma = u^T W v`, where W is the weight as a matrix whose rows lie along one axis.
 *
 * sigma is summed in double precision, since torch leaves the order of its sums to a library.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.spectral_norm.html
 */
export const spectralNorm: Scheme = {
  name: 'spectral norm',
  suffixes: ['_orig', '_u', '_v'],
  main: 0,
  shapeOf: ([weight, u, v]) => (weight && u && v && axesOf(weight, u, v).length > 0 ? weight : undefined),
  compute([weight, u, v]) {
    if (weight === undefined || u === undefined || v === undefined) return undefined;
    const found = axesOf(weight.shape, u.shape, v.shape).map((axis) => bilinear(weight, u, v, axis));
    const [best] = [...found].sort((a, b) => b.agreement - a.agreement);
    // The file does not hold the axis: where several have the sizes, u and v must tell.
    if (best === undefined || (found.length > 1 && best.agreement < AGREEMENT)) return undefined;
    const sigma = roundingOf(weight)(best.sigma);
    const result = emptyLike(weight);
    for (let i = 0; i < result.length; i++) result[i] = (weight.values[i] as number) / sigma;
    return result;
  },
};

/** The axes whose size is that of u, and the product of the others that of v. */
function axesOf(weight: Shape, u: Shape, v: Shape): number[] {
  if (weight.length < 2 || u.length !== 1 || v.length !== 1) return [];
  return weight.flatMap((size, axis) => {
    const { outer, inner } = around(weight, axis);
    return size === u[0] && outer * inner === v[0] ? [axis] : [];
  });
}

/** sigma, and how well u and v agree with the matrix. */
function bilinear(weight: Part, u: Part, v: Part, axis: number): { sigma: number; agreement: number } {
  const { outer, size, inner } = around(weight.shape, axis);
  const rows = new Float64Array(size);
  const columns = new Float64Array(outer * inner);
  for (let o = 0, at = 0; o < outer; o++)
    for (let i = 0; i < size; i++)
      for (let k = 0; k < inner; k++, at++) {
        const value = weight.values[at] as number;
        rows[i] += value * (v.values[o * inner + k] as number);
        columns[o * inner + k] += value * (u.values[i] as number);
      }
  const sigma = rows.reduce((sum, row, i) => sum + row * (u.values[i] as number), 0);
  const least = Math.min(lengthOf(rows), lengthOf(columns));
  return { sigma, agreement: least === 0 ? 0 : sigma / least };
}

function lengthOf(vector: Float64Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
}
