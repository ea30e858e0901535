/** A recurrent layer in plain loops of float64: batch, layers, directions, time, and the known mistakes of ports. */

import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import type { FloatTensor, LayerRun } from '../fixtures.js';
import { type Matrix, range, split, type Vector, zeros } from './vectors.js';

export const STACK_DEVIATIONS = [
  'directions swapped in output',
  'directions swapped in hn',
  'hn ordered by direction, then by layer',
  'reverse direction started at T instead of at the length',
] as const;

export type StackDeviation = (typeof STACK_DEVIATIONS)[number];

/** One direction of one layer. Without bias the biases are zeros. */
export interface Weights {
  readonly ih: Matrix;
  readonly hh: Matrix;
  readonly biasIh: Vector;
  readonly biasHh: Vector;
  /** The projection of an LSTM that has one. */
  readonly hr?: Matrix;
}

/** The states h (and c). The first is the output. */
export type States = readonly Vector[];

/** One step of a cell: its states before and after. */
export type Step = (x: Vector, states: States, weights: Weights) => States;

/** `[T][features]`. */
type Sequence = readonly Vector[];

/** Flat, in the layout of the fixture. */
export interface VariantResult {
  readonly output: Vector;
  readonly hn: Vector;
  readonly cn?: Vector;
}

/** The part of a stack that the cell defines. */
export interface VariantCell {
  readonly step: Step;
  /** Another reading of the same weights. */
  readonly misread?: (weights: Weights) => Weights;
}

/** torch's results from the inputs of a fixture, or the results of a port with one deviation. */
export function runStack(run: LayerRun, cell: VariantCell, deviation?: string): VariantResult {
  const { batchFirst, numLayers, bidirectional } = run.config;
  const isTimeMajor = run.x.shape.length === 3 && !batchFirst;
  const rows = sequencesOf(run.x, isTimeMajor);
  const misread = cell.misread ?? ((weights: Weights) => weights);
  const stack = weightsOf(run.stateDict, numLayers, bidirectional).map((layer) => layer.map(misread));
  const initial = initialStates(run, rows.length);
  const results = rows.map((x, b) => {
    const length = run.lengths?.[b] ?? x.length;
    return runLayers(x, length, stack, (place) => initial(place, b), cell.step, deviation);
  });
  const steps = rows[0]?.length ?? 0;
  const output = isTimeMajor
    ? range(steps).flatMap((t) => results.flatMap((row) => row.output[t]!))
    : results.flatMap((row) => row.output.flat());
  const final = (state: number) =>
    placesOfHn(numLayers, stack[0]!.length, deviation).flatMap((place) =>
      results.flatMap((row) => row.finals[place]![state]!),
    );
  return run.cn ? { output, hn: final(0), cn: final(1) } : { output, hn: final(0) };
}

/** All layers over one sequence; final states by layer, then by direction. */
function runLayers(
  x: Sequence,
  length: number,
  stack: readonly (readonly Weights[])[],
  initial: (place: number) => States,
  step: Step,
  deviation?: string,
): { output: Sequence; finals: readonly States[] } {
  const finals: States[] = [];
  let sequence = x;
  for (const layer of stack) {
    const outputs = layer.map((weights, direction) => {
      const isReverse = direction === 1;
      const startsAtEnd =
        isReverse && deviation === 'reverse direction started at T instead of at the length';
      const order = range(startsAtEnd ? x.length : length);
      if (isReverse) order.reverse();
      const output: Vector[] = x.map(() => zeros(initial(0)[0]!.length));
      let states = initial(finals.length);
      for (const t of order) {
        states = step(sequence[t]!, states, weights);
        if (t < length) output[t] = states[0]!;
      }
      finals.push(states);
      return output;
    });
    if (deviation === 'directions swapped in output') outputs.reverse();
    sequence = sequence.map((_, t) => outputs.flatMap((output) => output[t]!));
  }
  return { output: sequence, finals };
}

/** Which state (counted by layer, then by direction) stands at each place of hn. */
function placesOfHn(numLayers: number, numDirections: number, deviation?: string): number[] {
  const order = range(numLayers * numDirections);
  if (deviation === 'directions swapped in hn' && numDirections === 2) return order.map((place) => place ^ 1);
  if (deviation !== 'hn ordered by direction, then by layer') return order;
  return range(numDirections).flatMap((d) => range(numLayers).map((layer) => layer * numDirections + d));
}

/** The states of a row at each place of the stack: h0 and c0, or zeros. */
function initialStates(run: LayerRun, batch: number): (place: number, row: number) => States {
  const [h, c] = [run.hn, run.cn].map((final) => final?.shape.at(-1));
  const given = [run.h0, run.c0].map((state) => state && split(state.data, state.shape.at(-1)!));
  const sizes = c === undefined ? [h!] : [h!, c];
  return (place, row) => sizes.map((size, state) => given[state]?.[place * batch + row] ?? zeros(size));
}

/** Weights by layer and direction. */
function weightsOf(stateDict: StateDict, numLayers: number, bidirectional: boolean): Weights[][] {
  const matrix = (key: string) => {
    const tensor = stateDict.get(key) as FloatTensor | undefined;
    return tensor && split(tensor.data, tensor.shape[1]!);
  };
  const suffixes = bidirectional ? ['', '_reverse'] : [''];
  return range(numLayers).map((layer) =>
    suffixes.map((suffix) => {
      const place = `l${layer}${suffix}`;
      const ih = matrix(`weight_ih_${place}`)!;
      const bias = (name: string) => [
        ...((stateDict.get(`${name}_${place}`)?.data as Float32Array) ?? zeros(ih.length)),
      ];
      return {
        ih,
        hh: matrix(`weight_hh_${place}`)!,
        biasIh: bias('bias_ih'),
        biasHh: bias('bias_hh'),
        hr: matrix(`weight_hr_${place}`),
      };
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
