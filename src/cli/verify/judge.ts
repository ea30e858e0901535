/** Compares the results of a model with PyTorch's, by what rounding can do or by a tolerance. */

import { message, showShape } from '../../check.js';
import { float32Of } from '../../state-dict/tensors/float32.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { NumberArray } from './arrays.js';
import { compare, type Steps } from './compare.js';
import type { Result } from './report.js';
import {
  type Answers,
  allowedErrors,
  isTelling,
  type JudgedAnswers,
  type Numbers,
  runJudged,
} from './rounding.js';

const WHERE = 'verify';

/** PyTorch's result. */
export interface Expectation {
  /** The option that names its file, for messages: `--expected`. */
  readonly option: string;
  /** The name of the answer that it belongs to. */
  readonly name: string;
  readonly tensor: TorchTensor;
}

/** Runs the model, as often as the judgement needs. */
export async function judgedBy(
  tolerance: number | undefined,
  numbers: Numbers,
  run: (numbers: Numbers) => Promise<Answers>,
): Promise<JudgedAnswers> {
  return tolerance === undefined ? runJudged(numbers, run) : { answers: await run(numbers) };
}

/** @throws RangeError where shapes differ, or there is nothing to compare. */
export function judge(
  { option, name, tensor }: Expectation,
  { answers, movements }: JudgedAnswers,
  tolerance: number | undefined,
  steps: Steps | undefined,
  batchAxis?: number,
): Result {
  const actual = answers.get(name) as NumberArray;
  const { shape } = tensor;
  if (!isSameShape(actual.shape, shape)) throw shapeError({ option, name, tensor }, actual.shape);
  const expected = { shape, values: numbersOf(option, tensor) };
  const { values } = expected;
  if (values.length === 0)
    throw new RangeError(message(WHERE, option, 'numbers to compare with', 'an empty array'));
  const movement = movements?.get(name);
  const allowed = movement
    ? allowedErrors(movement, expected, steps)
    : new Float64Array(values.length).fill(tolerance ?? 0);
  const tells = movement ? isTelling(allowed, expected) : () => true;
  const untold = [...allowed.keys()].filter((i) => !tells(i)).length;
  return {
    name,
    note: actual.note,
    untold,
    steps: steps ? (shape[steps.axis] as number) : 0,
    ...compare(actual.values, values, allowed, shape, steps, batchAxis),
  };
}

/** @param fitting  sentences that say how the array fits all the same. */
export function shapeError(
  { option, tensor: { shape } }: Expectation,
  actual: readonly number[],
  fitting: readonly string[] = [],
): RangeError {
  const rule = `shape ${showShape(actual)}, as the model gives`;
  const remedy = fitting.length > 0 ? fitting.join(' ').replace(/\.$/, '') : remedyFor(actual, shape);
  return new RangeError(message(WHERE, option, rule, showShape(shape), remedy));
}

export function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return `${a}` === `${b}`;
}

/** Integers are compared as they are: float32 does not hold them all. */
export function numbersOf(option: string, tensor: TorchTensor): ArrayLike<number> {
  const { dtype, data } = tensor;
  if (dtype === 'F64') return data as Float64Array;
  if (dtype === 'I64' || dtype === 'U64') return Float64Array.from(data as BigInt64Array, Number);
  if (dtype === 'I32' || dtype === 'U32') return data as Int32Array;
  return float32Of(WHERE, option, tensor);
}

function remedyFor(actual: readonly number[], found: readonly number[]): string | undefined {
  const other = actual.findIndex((size, axis) => size !== found[axis]);
  const [all, some] = [actual[other] as number, found[other] as number];
  const isShorter =
    `${actual.map((size, axis) => (axis === other ? some : size))}` === `${found}` && some < all;
  if (isShorter && found.length === 3 && other < 2)
    return `Where pad_packed_sequence made it, total_length=${all} gives it ${all} steps`;
  const sorted = (shape: readonly number[]) => `${[...shape].sort((a, b) => a - b)}`;
  if (sorted(actual) !== sorted(found)) return undefined;
  return "The axes are in another order: torch's convolutions have channels before steps, and its recurrent layers may have steps before the batch";
}
