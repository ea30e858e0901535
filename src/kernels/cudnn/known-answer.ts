/** A call whose results are known: the engine computes them on the host, in float32. */

import {
  type KernelBackend,
  Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type TensorInfo,
  tensor,
  engine as tfEngine,
  tidy,
} from '@tensorflow/tfjs-core';
import { CELLS, type Cell } from '../../torch/cells.js';
import {
  callOf,
  type DirectionWeights,
  listInputs,
  type RecurrentCall,
  type RecurrentKernels,
  roleOf,
  type StackAttrs,
} from '../contract.js';

export type Run = Pick<RecurrentKernels, 'training' | 'backward' | 'product'>;

/** Two layers in both directions. Sizes are multiples of 8, as products in TF32 want them. */
const [STEPS, BATCH, INPUT, HIDDEN, LAYERS, DIRECTIONS] = [6, 4, 16, 32, 2, 2] as const;
const ATTRS: StackAttrs = { batchFirst: false, bidirectional: true, hiddenSize: HIDDEN, projSize: 0 };
const LENGTHS = [3, 6, 1, 4];

interface Scales {
  readonly weight: number;
  readonly bias: (noise: number) => number;
}

const SMOOTH: Scales = { weight: 0.3, bias: (noise) => noise };
/** relu has a kink at 0, where roundings decide about a gradient: these biases keep every unit away from it. */
const KINKED: Scales = { weight: 0.05, bias: Math.sign };

/** Numbers in -1..1, the same every time: Numerical Recipes' linear congruential generator. */
class Noise {
  private state = 1;

  next(): number {
    this.state = (Math.imul(1664525, this.state) + 1013904223) >>> 0;
    return this.state / 2 ** 31 - 1;
  }

  tensor<T extends Tensor>(shape: number[], of: (noise: number) => number = (noise) => noise): T {
    const size = shape.reduce((product, n) => product * n, 1);
    return tensor(
      Float32Array.from({ length: size }, () => of(this.next())),
      shape,
    ) as T;
  }
}

interface Question {
  readonly call: RecurrentCall;
  readonly inputs: readonly Tensor[];
  /** Gradients of the outputs. */
  readonly dys: readonly Tensor[];
}

/** Call inside `tidy`. */
function questionOf(cell: Cell): Question {
  const noise = new Noise();
  const { weight, bias } = cell === 'RNN_RELU' ? KINKED : SMOOTH;
  const { gates, states } = CELLS[cell];
  const rows = gates * HIDDEN;
  const matrix = (columns: number) => noise.tensor<Tensor2D>([rows, columns], (each) => weight * each);
  const state = () => noise.tensor<Tensor3D>([LAYERS * DIRECTIONS, BATCH, HIDDEN]);
  const stack = {
    x: noise.tensor<Tensor3D>([STEPS, BATCH, INPUT]),
    initialStates: states.map(state),
    weights: Array.from(
      { length: LAYERS * DIRECTIONS },
      (_, k): DirectionWeights => ({
        weight_ih: matrix(k < DIRECTIONS ? INPUT : DIRECTIONS * HIDDEN),
        weight_hh: matrix(HIDDEN),
        bias_ih: noise.tensor<Tensor1D>([rows], bias),
        bias_hh: noise.tensor<Tensor1D>([rows], (each) => each / 4),
      }),
    ),
    lengths: tensor(LENGTHS, [BATCH], 'int32') as Tensor1D,
  };
  const call = callOf(cell, ATTRS, stack);
  const dys = [noise.tensor([STEPS, BATCH, DIRECTIONS * HIDDEN]), ...states.map(state)];
  return { call, inputs: listInputs(call, stack), dys };
}

/** The outputs and all gradients. */
function answersOf(kernels: Run, backend: KernelBackend, { call, inputs, dys }: Question): Float32Array[] {
  const asTensors = (infos: readonly TensorInfo[]) =>
    infos.map((info) => (info instanceof Tensor ? info : tfEngine().makeTensorFromTensorInfo(info)));
  const [reserve, ...outputs] = asTensors(kernels.training(backend, inputs, call)) as [Tensor, ...Tensor[]];
  const list = asTensors(kernels.backward(backend, [...inputs, ...outputs, reserve, ...dys], call));
  const gradients = inputs.flatMap((_, input) => {
    if (roleOf(call, input).kind === 'lengths') return [];
    return asTensors([kernels.product(backend, [...inputs, ...outputs, ...list], call, input)]);
  });
  return [...outputs, ...gradients].map((each) => each.dataSync() as Float32Array);
}

/** The largest difference of any result of a cell, relative to the largest value of that result. */
export function differenceBetween(cell: Cell, kernels: Run, engine: Run, backend: KernelBackend): number {
  return tidy(() => {
    const question = questionOf(cell);
    const actual = answersOf(kernels, backend, question);
    const expected = answersOf(engine, backend, question);
    return Math.max(...expected.map((values, i) => relativeDifference(actual[i] as Float32Array, values)));
  });
}

/** Infinity where something is not finite. */
function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  let [difference, largest] = [0, 0];
  for (const [i, value] of expected.entries()) {
    const each = Math.abs((actual[i] as number) - value);
    difference = Number.isNaN(each) ? Infinity : Math.max(difference, each);
    largest = Math.max(largest, Math.abs(value));
  }
  return difference / largest;
}
