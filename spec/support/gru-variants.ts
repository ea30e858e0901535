/** A GRU in plain loops of float64 over numbers, and the ways in which ports of it have gone wrong. */

import type { StateDict } from '../../src/state-dict/types.js';
import type { FloatTensor, GruRun } from './fixtures.js';

export const deviations = [
  'r and z swapped',
  'reset before the product with W_hn',
  'b_hn dropped',
  '(1 - z) and z exchanged',
  'b_ih and b_hh exchanged',
  'blocks of W_hh transposed',
  'directions swapped in output',
  'directions swapped in hn',
  'hn ordered by direction, then by layer',
  'reverse direction started at T instead of at the length',
] as const;

export type Deviation = (typeof deviations)[number];

type Vector = readonly number[];
/** `[T][features]`. */
type Sequence = readonly Vector[];

/** One direction of one layer; matrices as rows. Without bias the biases are zeros. */
interface Weights {
  readonly ih: readonly Vector[];
  readonly hh: readonly Vector[];
  readonly biasIh: Vector;
  readonly biasHh: Vector;
}

/** `output` and `hn` flat, in the layout of the fixture. */
export interface VariantResult {
  readonly output: Vector;
  readonly hn: Vector;
}

/** What torch.nn.GRU computes from the inputs of a fixture, or what a port with one deviation makes of them. */
export function gruVariant(run: GruRun, deviation?: Deviation): VariantResult {
  const { batchFirst, hiddenSize: H, numLayers, bidirectional } = run.config;
  const isTimeMajor = run.x.shape.length === 3 && !batchFirst;
  const rows = sequencesOf(run.x, isTimeMajor);
  const stack = weightsOf(run.stateDict, numLayers, bidirectional).map((layer) =>
    layer.map((weights) => deviate(weights, H, deviation)),
  );
  const h0 = run.h0 ? split(run.h0.data, H) : undefined;
  const results = rows.map((x, b) => {
    const length = run.lengths?.[b] ?? x.length;
    const initial = (state: number) => h0?.[state * rows.length + b] ?? zeros(H);
    return runStack(x, length, stack, initial, deviation);
  });
  const steps = rows[0]?.length ?? 0;
  const output = isTimeMajor
    ? range(steps).flatMap((t) => results.flatMap((row) => row.output[t]!))
    : results.flatMap((row) => row.output.flat());
  const hn = stateOrder(numLayers, stack[0]!.length, deviation).flatMap((state) =>
    results.flatMap((row) => row.hn[state]!),
  );
  return { output, hn };
}

/** h' of one step: r | z | n are the row blocks of the weights. */
function step(x: Vector, h: Vector, weights: Weights, deviation?: Deviation): Vector {
  const H = h.length;
  const fromX = affine(weights.ih, x, weights.biasIh);
  const fromH = affine(weights.hh, h, weights.biasHh);
  const gate = (block: number) => h.map((_, j) => sigmoid(fromX[block * H + j]! + fromH[block * H + j]!));
  const [r, z] = deviation === 'r and z swapped' ? [gate(1), gate(0)] : [gate(0), gate(1)];
  const isResetEarly = deviation === 'reset before the product with W_hn';
  const fromResetH = affine(weights.hh, multiply(r, h), weights.biasHh).slice(2 * H);
  const recurrent = isResetEarly ? fromResetH : multiply(r, fromH.slice(2 * H));
  const n = recurrent.map((value, j) => Math.tanh(fromX[2 * H + j]! + value));
  const keep = deviation === '(1 - z) and z exchanged' ? z.map((value) => 1 - value) : z;
  return keep.map((share, j) => (1 - share) * n[j]! + share * h[j]!);
}

/** All layers over one sequence; hn by layer, then by direction. */
function runStack(
  x: Sequence,
  length: number,
  stack: readonly (readonly Weights[])[],
  initial: (state: number) => Vector,
  deviation?: Deviation,
): { output: Sequence; hn: readonly Vector[] } {
  const hn: Vector[] = [];
  let sequence = x;
  for (const layer of stack) {
    const outputs = layer.map((weights, direction) => {
      const result = runDirection(sequence, length, weights, initial(hn.length), direction === 1, deviation);
      hn.push(result.last);
      return result.output;
    });
    if (deviation === 'directions swapped in output') outputs.reverse();
    sequence = sequence.map((_, t) => outputs.flatMap((output) => output[t]!));
  }
  return { output: sequence, hn };
}

function runDirection(
  x: Sequence,
  length: number,
  weights: Weights,
  initial: Vector,
  isReverse: boolean,
  deviation?: Deviation,
): { output: Sequence; last: Vector } {
  const output: Vector[] = x.map(() => zeros(initial.length));
  const startsAtEnd = isReverse && deviation === 'reverse direction started at T instead of at the length';
  const steps = range(startsAtEnd ? x.length : length);
  let h = initial;
  for (const t of isReverse ? steps.reverse() : steps) {
    h = step(x[t]!, h, weights, deviation);
    if (t < length) output[t] = h;
  }
  return { output, last: h };
}

/** The deviations that are another reading of the same weights. */
function deviate(weights: Weights, H: number, deviation?: Deviation): Weights {
  const { hh, biasIh, biasHh } = weights;
  if (deviation === 'b_hn dropped') return { ...weights, biasHh: [...biasHh.slice(0, 2 * H), ...zeros(H)] };
  if (deviation === 'b_ih and b_hh exchanged') return { ...weights, biasIh: biasHh, biasHh: biasIh };
  if (deviation !== 'blocks of W_hh transposed') return weights;
  const blockStart = (row: number) => row - (row % H);
  return { ...weights, hh: hh.map((row, i) => row.map((_, k) => hh[blockStart(i) + k]![i % H]!)) };
}

/** Which state (counted by layer, then by direction) stands at each place of hn. */
function stateOrder(numLayers: number, numDirections: number, deviation?: Deviation): number[] {
  const order = range(numLayers * numDirections);
  if (deviation === 'directions swapped in hn' && numDirections === 2) return order.map((state) => state ^ 1);
  if (deviation !== 'hn ordered by direction, then by layer') return order;
  return range(numDirections).flatMap((d) => range(numLayers).map((layer) => layer * numDirections + d));
}

/** Weights by layer and direction. */
function weightsOf(stateDict: StateDict, numLayers: number, bidirectional: boolean): Weights[][] {
  const matrix = (key: string) => {
    const { data, shape } = stateDict.get(key) as FloatTensor;
    return split(data, shape[1]!);
  };
  const suffixes = bidirectional ? ['', '_reverse'] : [''];
  return range(numLayers).map((layer) =>
    suffixes.map((suffix) => {
      const place = `l${layer}${suffix}`;
      const ih = matrix(`weight_ih_${place}`);
      const bias = (name: string) => [
        ...((stateDict.get(`${name}_${place}`)?.data as Float32Array) ?? zeros(ih.length)),
      ];
      return { ih, hh: matrix(`weight_hh_${place}`), biasIh: bias('bias_ih'), biasHh: bias('bias_hh') };
    }),
  );
}

/** `[B][T][I]`; an unbatched x is one sequence. */
function sequencesOf({ data, shape }: FloatTensor, isTimeMajor: boolean): Sequence[] {
  const [features, inner, outer = 1] = [...shape].reverse() as [number, number, number?];
  const vectors = split(data, features);
  if (isTimeMajor) return range(inner).map((b) => range(outer).map((t) => vectors[t * inner + b]!));
  return range(outer).map((b) => vectors.slice(b * inner, (b + 1) * inner));
}

function affine(matrix: readonly Vector[], vector: Vector, bias: Vector): Vector {
  return matrix.map((row, i) => row.reduce((sum, weight, k) => sum + weight * vector[k]!, bias[i]!));
}

function multiply(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value * b[i]!);
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value));
}

function split(data: ArrayLike<number>, size: number): Vector[] {
  return range(data.length / size).map((i) => Array.from({ length: size }, (_, k) => data[i * size + k]!));
}

function zeros(size: number): number[] {
  return new Array<number>(size).fill(0);
}

function range(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}
