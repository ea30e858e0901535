/** What a whole model may have otherwise than PyTorch's, where its numbers do not fit: each way is run. It needs tfjs. */

import { elementCount } from '../../../state-dict/tensors/dtypes.js';
import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';
import type { NumberArray } from '../arrays.js';
import { type Diagnosis, isClose, MAX_COST } from '../diagnosis.js';
import { isSameShape } from '../judge.js';
import type { Numbers } from '../rounding.js';
import { type GraphVariant, graphVariants } from './graph-variants.js';
import { type Pair, readingsOf } from './readings.js';
import { rebuilt } from './rebuild.js';
import { isModel, type Made, type Maker, outputOf, runModel, runOutput, type Wanted } from './run-model.js';
import { weightVariants } from './weight-variants.js';

/** Runs of one diagnosis. */
const MOST_RUNS = 64;

/** Of them, those that weights leave to other graphs. */
const RUNS_OF_GRAPHS = 8;

/** Multiplications of all runs, where each weight is one for each step of each row. */
const MOST_COST = 40 * MAX_COST;

/** Weights that are made in all runs: a module of the user's may keep those of each. */
const MOST_WEIGHTS = 2e8;

/** A result that differs. */
export interface Difference {
  readonly make: Maker;
  readonly numbers: Numbers;
  readonly wanted: Wanted;
  readonly actual: NumberArray;
  readonly expected: NumberArray;
}

/** Another run; undefined where there is nothing to change. */
interface Attempt {
  readonly fits: string;
  readonly phrase: string;
  run(): Promise<NumberArray | undefined>;
}

/**
 * Reads the arrays otherwise, runs each variant, and where none fits reads the arrays of each variant otherwise. Bounded in the number
 * of runs and in their cost; what is left out is told as not tried.
 */
export async function diagnose(difference: Difference): Promise<Diagnosis> {
  const { actual, expected } = difference;
  if (isSamePair([actual, expected])) return { isClose: true, fitting: [], tried: [] };
  const fitting = new Set<string>();
  const nested = new Set<string>();
  const tried: string[] = [];
  const readings = readingsOf(expected);
  const read = (array: NumberArray, found: (fits: string) => void) => {
    for (const { fits, phrase, read } of readings) {
      const pair = read(array, expected);
      if (!pair || !isSameShape(pair[0].shape, pair[1].shape)) continue;
      if (array === actual) tried.push(phrase);
      if (isSamePair(pair)) found(fits);
    }
  };
  read(actual, (fits) => fitting.add(fits));
  const { make, numbers } = difference;
  let runs = runsWithin(numbers);
  let left = 0;
  const runAll = async (some: readonly Attempt[]) => {
    left += Math.max(0, some.length - runs);
    for (const { fits, phrase, run } of some.slice(0, runs)) {
      runs--;
      // Another order of axes may be none that the model takes.
      const array = await run().catch(() => undefined);
      if (!array) continue;
      tried.push(phrase);
      if (isSamePair([array, expected])) fitting.add(fits);
      else read(array, (more) => nested.add(`${fits}; and ${more}`));
    }
  };
  await runAll(ofInputs(difference));
  // All loads come before other graphs of the same layers, for which some runs are kept.
  const weights = ofWeights(difference);
  const affordable = weights.slice(0, Math.max(0, runs - RUNS_OF_GRAPHS));
  left += weights.length - affordable.length;
  await runAll(affordable);
  const made = await make(numbers.weights);
  const { alone, together } = isModel(made) ? graphVariants(made) : { alone: [], together: [] };
  const runnable = (variant: GraphVariant) => ofGraph(difference, made, variant);
  await runAll(alone.map(runnable));
  if (fitting.size === 0 && nested.size === 0) await runAll(together.map(runnable));
  const sentences = [...(fitting.size > 0 ? fitting : nested)].map((fits) => `The numbers fit ${fits}.`);
  if (left > 0) tried.push(`without ${left} more, which this model is too large for`);
  return { isClose: false, fitting: sentences, tried };
}

function isSamePair([actual, expected]: Pair): boolean {
  return isSameShape(actual.shape, expected.shape) && isClose(actual, expected);
}

function runsWithin({ weights, inputs }: Numbers): number {
  const count = [...weights.values()].reduce((sum, { data }) => sum + data.length, 1);
  const places = inputs.map((input) => elementCount(input?.shape.slice(0, 2) ?? []));
  const cost = count * Math.max(1, ...places);
  return Math.min(MOST_RUNS, Math.floor(MOST_COST / cost), Math.floor(MOST_WEIGHTS / count));
}

function ofInputs({ make, numbers, wanted }: Difference): Attempt[] {
  const inputs = numbers.inputs.map((input) => (input && input.shape.length > 1 ? swapped(input) : input));
  if (inputs.every((input, i) => input === numbers.inputs[i])) return [];
  return [
    {
      fits: 'with the first two axes of --input exchanged, as where PyTorch has steps before the batch: save x.numpy().swapaxes(0, 1)',
      phrase: 'the input with batch and steps exchanged',
      run: async () => (await runModel(make, { ...numbers, inputs }, [wanted])).get(wanted.name),
    },
  ];
}

/** Without the first two axes in their order; the same tensor where one of them has one element. */
function swapped(tensor: TorchTensor): TorchTensor {
  const [outer, inner, ...rest] = tensor.shape as [number, number, ...number[]];
  if (outer === 1 || inner === 1) return tensor;
  const size = elementCount(rest);
  const data = tensor.data.slice();
  for (let i = 0; i < outer; i++)
    for (let k = 0; k < inner; k++) {
      const from = (i * inner + k) * size;
      // The arrays have one type.
      data.set(tensor.data.subarray(from, from + size) as never, (k * outer + i) * size);
    }
  return { ...tensor, shape: [inner, outer, ...rest], data };
}

function ofWeights({ make, numbers, wanted }: Difference): Attempt[] {
  return weightVariants(numbers.weights).map(({ fits, phrase, change }) => ({
    fits,
    phrase,
    run: async () => {
      const weights = change(numbers.weights);
      return (await runModel(make, { ...numbers, weights }, [wanted])).get(wanted.name);
    },
  }));
}

function ofGraph(
  { numbers, wanted }: Difference,
  made: Made,
  { fits, phrase, substitute }: GraphVariant,
): Attempt {
  return {
    fits,
    phrase,
    run: async () => {
      if (!isModel(made)) return undefined;
      const output = outputOf(made, wanted);
      const other = rebuilt(output, substitute);
      return other === output ? undefined : runOutput(made, numbers.inputs, other);
    },
  };
}
