/**
 * What rounding to float32 can do to the results of a model: it is run again with its weights and inputs moved by a unit in the
 * last place. How far the results move then shows how far two right float32 programs, which sum in different orders, may be
 * apart: little where a model forgets, much where a long sequence magnifies each error.
 */

import { float32Of } from '../../state-dict/tensors/float32.js';
import type { StateDict, TorchDtype, TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { NumberArray } from './arrays.js';
import { errorOf, placeOn, type Steps } from './compare.js';

/** How often the moved model runs. */
const RUNS = 4;

/** The spacing of float32 numbers, as a part of a number. */
const ULP = 2 ** -23;

/**
 * The error that is allowed, in movements, above the floor. In 190 right layers (random GRU, LSTM and RNN, weights of torch's
 * initial size to 8 times that, up to 300 steps, 3 layers, H = 1024) no error was above 0.29 of what is allowed.
 */
const FACTOR = 4;

/** What is always allowed, as a part of the largest number: a result that nothing moves is rounded too. */
const FLOOR = 8 * ULP;

/** Where rounding may change a value by this part of the largest number, the value tells nothing. */
const BLIND = 0.05;

const FLOATS: readonly TorchDtype[] = ['F16', 'BF16', 'F32', 'F64'];

/** What a model computes with. */
export interface Numbers {
  readonly weights: StateDict;
  /** Undefined where one is left out. */
  readonly inputs: readonly (TorchTensor | undefined)[];
}

export type Answers = ReadonlyMap<string, NumberArray>;

export interface JudgedAnswers {
  readonly answers: Answers;
  /** How far each element moves, by the name of the answer; absent without judgement by rounding. */
  readonly movements?: ReadonlyMap<string, Float64Array>;
}

/** The results of a model, and how far rounding moves them. */
export async function runJudged(
  numbers: Numbers,
  run: (numbers: Numbers) => Promise<Answers>,
): Promise<Required<JudgedAnswers>> {
  const answers = await run(numbers);
  const movements = new Map(
    [...answers].map(([name, { values }]) => [name, new Float64Array(values.length)]),
  );
  const random = randomSigns(1);
  for (let i = 0; i < RUNS; i++) {
    for (const [name, { values }] of await run(moved(numbers, random))) {
      const [own, movement] = [answers.get(name) as NumberArray, movements.get(name) as Float64Array];
      for (let k = 0; k < values.length; k++)
        movement[k] = Math.max(movement[k], errorOf(values[k], own.values[k]));
    }
  }
  return { answers, movements };
}

/** The error that is allowed of each element. */
export function allowedErrors(
  movement: Float64Array,
  expected: NumberArray,
  steps: Steps | undefined,
): Float64Array {
  const reach = steps ? movementsSoFar(movement, expected.shape, steps) : sameFor(movement);
  const floor = FLOOR * largest(expected);
  return Float64Array.from(movement, (_, i) => FACTOR * reach(i) + floor);
}

/** Whether each element could be told from a wrong one. */
export function isTelling(allowed: Float64Array, expected: NumberArray): (position: number) => boolean {
  const most = BLIND * largest(expected);
  return (position) => most === 0 || allowed[position] <= most;
}

function sameFor(movement: Float64Array): (position: number) => number {
  const most = movement.reduce((max, value) => Math.max(max, value), 0);
  return () => most;
}

/** A sequence carries its errors on: what moved at an earlier step may move at this one. */
function movementsSoFar(
  movement: Float64Array,
  shape: readonly number[],
  steps: Steps,
): (position: number) => number {
  const step = placeOn(shape, steps.axis);
  const features = shape.at(-1) as number;
  const direction = (position: number) =>
    steps.directions === 2 && position % features >= features / 2 ? 1 : 0;
  const length = shape[steps.axis] as number;
  const reached = [new Float64Array(length), new Float64Array(length)] as const;
  for (const [i, value] of movement.entries()) {
    const own = reached[direction(i)];
    own[step(i)] = Math.max(own[step(i)], value);
  }
  const [forward, reverse] = reached;
  for (let t = 1; t < length; t++) forward[t] = Math.max(forward[t], forward[t - 1]);
  for (let t = length - 2; t >= 0; t--) reverse[t] = Math.max(reverse[t], reverse[t + 1]);
  return (position) => reached[direction(position)][step(position)];
}

function largest({ values }: NumberArray): number {
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]);
    if (size > most && Number.isFinite(size)) most = size;
  }
  return most;
}

/** Each float by a unit in the last place, up or down; equal weights alike, since a model may have them as one. Integers stay. */
function moved({ weights, inputs }: Numbers, sign: () => number): Numbers {
  const move = (tensor: TorchTensor): TorchTensor => {
    if (!FLOATS.includes(tensor.dtype)) return tensor;
    const values = float32Of('verify', 'tensor', tensor);
    return { dtype: 'F32', shape: tensor.shape, data: values.map((value) => value * (1 + sign() * ULP)) };
  };
  const done: (readonly [own: TorchTensor, moved: TorchTensor])[] = [];
  const moveOnce = (tensor: TorchTensor): TorchTensor => {
    const [, twin] = done.find(([own]) => isEqual(own, tensor)) ?? [];
    if (twin) return twin;
    const result = move(tensor);
    done.push([tensor, result]);
    return result;
  };
  return {
    weights: new Map(Array.from(weights, ([key, tensor]) => [key, moveOnce(tensor)])),
    inputs: inputs.map((tensor) => tensor && move(tensor)),
  };
}

/** Weights that a module ties are one tensor under two keys, or copies where a format stores each key by itself. */
function isEqual(a: TorchTensor, b: TorchTensor): boolean {
  if (a.dtype !== b.dtype || `${a.shape}` !== `${b.shape}`) return false;
  return (
    a.data === b.data || a.data.every((value: number | bigint, i: number) => Object.is(value, b.data[i]))
  );
}

/** 1 or -1, in the same order in every run (xorshift32). */
function randomSigns(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x10000 ? 1 : -1;
  };
}
