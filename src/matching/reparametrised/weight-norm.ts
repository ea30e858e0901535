import { gather } from '../../state-dict/tensors/strides.js';
import { around, emptyLike, type Part, roundingOf, type Scheme, type Shape } from './scheme.js';

/** Floats of an AVX2 register, in which torch sums: other machines sum in another order. */
const LANES = 8;

/**
 * `w = v * (g / ||v||)`, with one norm for each index along the axis `dim` of g, or one of all (`dim=None`, where g has no
 * axes).
 *
 * The sums of squares are rounded step by step in the order of torch's kernels on x86, where it runs on one thread.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parametrizations.weight_norm.html
 * @see https://github.com/pytorch/pytorch/blob/v2.13.0/aten/src/ATen/native/cpu/WeightNormKernel.cpp
 */
export const weightNorm: Scheme = {
  name: 'weight norm',
  suffixes: ['_g', '_v'],
  main: 1,
  shapeOf: ([g, v]) => (g && v && dimOf(g, v) !== undefined ? v : undefined),
  compute([g, v]) {
    const dim = g && v && dimOf(g.shape, v.shape);
    if (g === undefined || v === undefined || dim === undefined) return undefined;
    const { outer, size, inner } =
      dim === 'all' ? { outer: 1, size: 1, inner: v.values.length } : around(v.shape, dim);
    const sums = sumsOfSquares(v, dim);
    // Two kernels keep the factor in float32; elsewhere it is a tensor of the dtype of v.
    const isFused = dim === 0 || dim === v.shape.length - 1;
    const round = isFused ? roundingOf(v) : v.round;
    const weight = emptyLike(v);
    for (let i = 0; i < size; i++) {
      const factor = round((g.values[i] as number) / round(Math.sqrt(sums[i] as number)));
      for (let o = 0; o < outer; o++) {
        const start = (o * size + i) * inner;
        for (let k = start; k < start + inner; k++) weight[k] = (v.values[k] as number) * factor;
      }
    }
    return weight;
  },
};

/** The axis along which g has sizes; 'all' where it is a single number for the whole of v. */
function dimOf(g: Shape, v: Shape): number | 'all' | undefined {
  if (g.length < v.length && g.every((size) => size === 1)) return 'all';
  if (g.length !== v.length) return undefined;
  const dim = v.findIndex((size, axis) => g.every((own, i) => own === (i === axis ? size : 1)));
  return dim === -1 ? undefined : dim;
}

/** A sum of squares for each index along `dim`. */
function sumsOfSquares(v: Part, dim: number | 'all'): Float32Array | Float64Array {
  const round = roundingOf(v);
  if (dim === 'all') return Float64Array.of(reduced(v.values, round));
  const { outer, size, inner } = around(v.shape, dim);
  const sums = v.values instanceof Float64Array ? new Float64Array(size) : new Float32Array(size);
  const isLast = dim === v.shape.length - 1;
  if (isLast && dim > 0) {
    // Row after row, with fused multiply-add: a product of float32 numbers is exact in double precision.
    for (let k = 0; k < v.values.length; k++) sums[k % size] += (v.values[k] as number) ** 2;
    return sums;
  }
  const rows = rowsOf(v, dim);
  const length = outer * inner;
  for (let i = 0; i < size; i++) {
    const row = rows.subarray(i * length, (i + 1) * length);
    sums[i] = dim === 0 ? folded(row, round) : reduced(row, round);
  }
  return sums;
}

/** The elements as `norm_except_dim` reads them: the axis `dim` and the first one exchanged. */
function rowsOf({ shape, values }: Part, dim: number): Float32Array | Float64Array {
  if (dim === 0) return values;
  const axes = shape.map((_, axis) => (axis === 0 ? dim : axis === dim ? 0 : axis));
  const sizes = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => around(shape, axis).inner);
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const { buffer } = gather(bytes, values.BYTES_PER_ELEMENT, sizes, steps);
  return values instanceof Float64Array ? new Float64Array(buffer) : new Float32Array(buffer);
}

type Round = (value: number) => number;

/** As `vec::map_reduce_all` adds: lane by lane, then one half of the lanes to the other. */
function folded(values: ArrayLike<number>, round: Round): number {
  const square = (i: number) => round((values[i] as number) * (values[i] as number));
  if (values.length < LANES) {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum = round(sum + square(i));
    return sum;
  }
  const lanes = new Float64Array(LANES);
  for (let i = 0; i < values.length; i++)
    lanes[i % LANES] = i < LANES ? square(i) : round((lanes[i % LANES] as number) + square(i));
  for (let half = LANES / 2; half >= 1; half /= 2)
    for (let i = 0; i < half; i++) lanes[i] = round((lanes[i] as number) + (lanes[i + half] as number));
  return lanes[0] as number;
}

/** As the kernel of `norm` adds: lane by lane, the lanes one after the other, then what fills no register. */
function reduced(values: ArrayLike<number>, round: Round): number {
  const square = (i: number) => round((values[i] as number) * (values[i] as number));
  const lanes = new Float64Array(LANES);
  const whole = values.length - (values.length % LANES);
  for (let i = 0; i < whole; i++) lanes[i % LANES] = round((lanes[i % LANES] as number) + square(i));
  let sum = 0;
  for (const lane of lanes) sum = round(sum + lane);
  for (let i = whole; i < values.length; i++) sum = round(sum + square(i));
  return sum;
}
