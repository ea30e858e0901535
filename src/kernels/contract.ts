/**
 * The contract between the op and the kernels that can compute it: one call runs a stack of L recurrent layers, all their
 * directions and the whole sequence, as cuDNN does.
 *
 * Dimensions: T steps, B batch, I input size, H hidden size, P projected size (LSTM), L layers, D directions (1 or 2),
 * G gates (RNN 1, GRU 3, LSTM 4). A state h is `[L*D, B, H]`, or `[L*D, B, P]` where it is projected; LSTM's c is
 * `[L*D, B, H]`. Everything is float32 except `lengths`. A kernel only reads its inputs. Its outputs belong to the caller.
 *
 * A backend may have several sets of kernels, which are asked in turn. Each has four, and is added by {@link registerKernels}:
 *
 *     inference  inputs                          -> outputs
 *     training   inputs                          -> reserve, outputs
 *     backward   inputs, outputs, reserve, dys   -> a list of tensors that only these kernels can read
 *     product    inputs, outputs, that list      -> the gradient of one input
 *
 * `inputs` is the list that {@link listInputs} makes and {@link groupInputs} reads; `outputs` are the output and the final
 * states; `dys` are the gradients of the outputs. `backward` runs once per differentiation and never writes into the reserve,
 * since a node of the tape can be differentiated twice. tfjs does not say which gradients are wanted, so each is a `product`
 * that tfjs asks for or not. The list of one `backward` is invalid once the next `backward` has run.
 */

import {
  type KernelBackend,
  registerKernel,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  type Tensor3D,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../errors.js';
import { CELLS, type Cell, type CellSizes } from '../torch/cells.js';

/** The weights of one direction of one layer under torch's names. Gate blocks are rows, in torch's order. */
export interface DirectionOf<Matrix, Vector> {
  /** `[G*H, I]`; in layers above the first I is D*H, or D*P. */
  readonly weight_ih: Matrix;
  /** `[G*H, H]`, or `[G*H, P]`. */
  readonly weight_hh: Matrix;
  /** `[G*H]`, absent when the module has no bias. */
  readonly bias_ih?: Vector | undefined;
  /** `[G*H]`, absent when the module has no bias. */
  readonly bias_hh?: Vector | undefined;
  /** `[P, H]`, LSTM with a projection only. */
  readonly weight_hr?: Matrix | undefined;
}

export type DirectionWeights = DirectionOf<Tensor2D, Tensor1D>;
export type WeightName = keyof DirectionWeights;

export interface StackInputs {
  /** `[B, T, I]`, or `[T, B, I]` when `batchFirst` is false. */
  readonly x: Tensor3D;
  /** The initial states in the cell's order (h0, LSTM h0 and c0); zeros where absent. */
  readonly initialStates?: readonly Tensor3D[] | undefined;
  /** L*D entries in the order of `hn`: layer by layer, the forward direction before the reverse one. */
  readonly weights: readonly DirectionWeights[];
  /**
   * `[B]` int32, each 0..T. Steps past a row's length are not read, and `output` is zero there; a row without steps keeps
   * its initial states.
   */
  readonly lengths?: Tensor1D | undefined;
}

/** A type alias, not an interface, so that `tidy` takes it for a container of tensors. */
export type StackOutputs = {
  /** h of the last layer at every step, `[B, T, D*H]` or `[T, B, D*H]` (D*P); forward direction first. */
  output: Tensor3D;
  /** The final states in the cell's order, whatever `batchFirst` says. */
  finalStates: Tensor3D[];
};

/** What all calls of a layer have in common. */
export interface StackAttrs extends CellSizes {
  readonly batchFirst: boolean;
  readonly bidirectional: boolean;
}

/** The structure of one call: what its kernels are told beside its tensors. */
export interface RecurrentCall extends StackAttrs {
  readonly cell: Cell;
  /** L*D, how many sets of weights there are. */
  readonly directions: number;
  /** How many initial states are given: none, or all of the cell. */
  readonly states: number;
  readonly hasBias: boolean;
  readonly hasLengths: boolean;
}

export function callOf(
  cell: Cell,
  attrs: StackAttrs,
  { weights, initialStates, lengths }: StackInputs,
): RecurrentCall {
  const { batchFirst, bidirectional, hiddenSize, projSize } = attrs;
  return {
    cell,
    batchFirst,
    bidirectional,
    hiddenSize,
    projSize,
    directions: weights.length,
    states: initialStates?.length ?? 0,
    hasBias: weights[0]?.bias_ih !== undefined,
    hasLengths: lengths !== undefined,
  };
}

/** Names of the weights of a direction, in the order of the inputs. */
function weightNames({ hasBias, projSize }: RecurrentCall): readonly WeightName[] {
  if (projSize > 0) return hasBias ? ALL_WEIGHTS : WEIGHTS_AND_PROJECTION;
  return hasBias ? WEIGHTS_AND_BIASES : WEIGHTS;
}

const WEIGHTS: readonly WeightName[] = ['weight_ih', 'weight_hh'];
const WEIGHTS_AND_BIASES: readonly WeightName[] = [...WEIGHTS, 'bias_ih', 'bias_hh'];
const WEIGHTS_AND_PROJECTION: readonly WeightName[] = [...WEIGHTS, 'weight_hr'];
const ALL_WEIGHTS: readonly WeightName[] = [...WEIGHTS_AND_BIASES, 'weight_hr'];

/**
 * The inputs of a call as a list: x, the initial states, the weights by direction, the lengths. A list has no gaps: tfjs fails
 * on an optional input that is there and undefined.
 */
export function listInputs(call: RecurrentCall, inputs: StackInputs): Tensor[] {
  const tensors: Tensor[] = [inputs.x, ...(inputs.initialStates ?? [])];
  const names = weightNames(call);
  for (const weights of inputs.weights) for (const name of names) tensors.push(weights[name] as Tensor);
  if (inputs.lengths) tensors.push(inputs.lengths);
  return tensors;
}

/** The inputs of a call by what they are. */
export interface GroupedInputs<T> {
  readonly x: T;
  readonly states: readonly T[];
  readonly directions: readonly DirectionOf<T, T>[];
  readonly lengths: T | undefined;
}

/** The inverse of {@link listInputs}; further tensors behind the inputs are left alone. */
export function groupInputs<T>(call: RecurrentCall, tensors: readonly T[]): GroupedInputs<T> {
  const count = weightNames(call).length;
  let next = 1 + call.states;
  const directions: DirectionOf<T, T>[] = [];
  for (let k = 0; k < call.directions; k++, next += count)
    directions.push({
      weight_ih: tensors[next] as T,
      weight_hh: tensors[next + 1] as T,
      bias_ih: call.hasBias ? tensors[next + 2] : undefined,
      bias_hh: call.hasBias ? tensors[next + 3] : undefined,
      weight_hr: call.projSize > 0 ? tensors[next + count - 1] : undefined,
    });
  return {
    x: tensors[0] as T,
    states: tensors.slice(1, 1 + call.states),
    directions,
    lengths: call.hasLengths ? tensors[next] : undefined,
  };
}

/** What one input of a call is. */
export type InputRole =
  | { readonly kind: 'x' }
  | { readonly kind: 'state'; readonly state: number }
  | { readonly kind: 'weight'; readonly name: WeightName; readonly direction: number }
  | { readonly kind: 'lengths' };

/** @param input its place in the list of inputs. */
export function roleOf(call: RecurrentCall, input: number): InputRole {
  if (input === 0) return { kind: 'x' };
  if (input <= call.states) return { kind: 'state', state: input - 1 };
  const names = weightNames(call);
  const place = input - 1 - call.states;
  const direction = Math.floor(place / names.length);
  if (direction >= call.directions) return { kind: 'lengths' };
  return { kind: 'weight', name: names[place % names.length] as WeightName, direction };
}

/** How many inputs a call has. */
export function countInputs(call: RecurrentCall): number {
  return 1 + call.states + call.directions * weightNames(call).length + Number(call.hasLengths);
}

/** How many outputs a call has: the output and the final states. */
function countOutputs({ cell }: RecurrentCall): number {
  return 1 + CELLS[cell].states.length;
}

/** The tensors of `product` by what they are; `list` is what `backward` made. */
export function groupProduct<T>(call: RecurrentCall, tensors: readonly T[]) {
  const inputs = countInputs(call);
  const outputs = inputs + countOutputs(call);
  return {
    inputs: tensors.slice(0, inputs),
    outputs: tensors.slice(inputs, outputs),
    list: tensors.slice(outputs),
  };
}

/** The tensors of `backward` by what they are: inputs and outputs as in `product`, then the reserve and the dys. */
export function groupBackward<T>(call: RecurrentCall, tensors: readonly T[]) {
  const { inputs, outputs, list } = groupProduct(call, tensors);
  const [reserve, ...dys] = list;
  return { inputs, outputs, reserve: reserve as T, dys };
}

/** A kernel finds no room for a call that it has taken: on 'auto' the op runs tf ops then. */
export class NoRoomError extends UnsupportedError {}

/** What decides whether a kernel takes a call. */
export interface CallRequest {
  readonly call: RecurrentCall;
  readonly inputs: readonly TensorInfo[];
  /** Whether a gradient may follow. */
  readonly isTraining: boolean;
  /** Whether a fused kernel is asked for by name: it takes what it can then, also where others would be faster. */
  readonly isForced: boolean;
}

/** Kernels that serve a backend. */
export interface RecurrentKernels {
  /** One word for them. */
  readonly name: string;
  /** What runs the calls, for `describeKernels`. */
  readonly description: string;
  /**
   * Why these kernels do not run a call; undefined where they do. Asked before every call, so it has to be cheap.
   * @param request undefined: why they run no call at all.
   */
  supports(request?: CallRequest): string | undefined;
  /** Why they take a call that `supports` takes, where that depends on the call. */
  reasonFor?(request: CallRequest): string | undefined;
  /** @throws NoRoomError where it finds no room for the call. It keeps nothing then, and on 'auto' the op runs tf ops. */
  inference(backend: KernelBackend, inputs: readonly TensorInfo[], call: RecurrentCall): TensorInfo[];
  /** @throws NoRoomError as `inference`. */
  training(backend: KernelBackend, inputs: readonly TensorInfo[], call: RecurrentCall): TensorInfo[];
  /** @returns one tensor at least. */
  backward(backend: KernelBackend, inputs: readonly TensorInfo[], call: RecurrentCall): TensorInfo[];
  /** @param input the place of the input that the gradient is of, among the inputs of the call. */
  product(
    backend: KernelBackend,
    inputs: readonly TensorInfo[],
    call: RecurrentCall,
    input: number,
  ): TensorInfo;
}

/** What a call off the calling thread gives. */
export interface OffThreadOutputs {
  readonly outputs: TensorInfo[];
  /** Why the calling thread did work of it after all; undefined where it did none. */
  readonly callerReason: string | undefined;
}

/** Kernels that run calls off the calling thread, whatever the active backend is. */
export interface OffThreadKernels {
  /** Why they do not run a call; undefined where they do. */
  supports(request: CallRequest): string | undefined;
  /**
   * @param inputs stay alive until the promise settles.
   * @returns rejected with NoRoomError where there is no room for the call.
   */
  inference(inputs: readonly Tensor[], call: RecurrentCall): Promise<OffThreadOutputs>;
}

let offThread: OffThreadKernels | undefined;

/** Undefined where none are registered. */
export function offThreadKernels(): OffThreadKernels | undefined {
  return offThread;
}

export function registerOffThreadKernels(kernels: OffThreadKernels): void {
  offThread = kernels;
}

/** The attributes of the kernels in tfjs's registry. */
export interface KernelAttrs {
  /** Those of the backend's kernels that run the call. */
  readonly kernels: RecurrentKernels;
  readonly call: RecurrentCall;
  /** Of `product`. */
  readonly input?: number;
}

/** Names in tfjs's kernel registry. */
export const KERNELS = {
  inference: 'TorchRecurrent',
  training: 'TorchRecurrentTraining',
  backward: 'TorchRecurrentBackward',
  product: 'TorchRecurrentProduct',
} as const;

const kernelsByBackend = new Map<string, readonly RecurrentKernels[]>();

/** The kernels of a backend, in the order in which they are asked; none where it has none. */
export function kernelsOf(backendName: string): readonly RecurrentKernels[] {
  return kernelsByBackend.get(backendName) ?? [];
}

/**
 * Gives a backend kernels, which are asked after those that it has. Importing the module that does so must not compile code or
 * reserve memory.
 */
export function registerKernels(backendName: string, kernels: RecurrentKernels): void {
  const others = kernelsOf(backendName);
  kernelsByBackend.set(backendName, [...others, kernels]);
  // tfjs has one function for each name; the attributes of a call tell whose it is.
  if (others.length > 0) return;
  for (const kind of ['inference', 'training', 'backward', 'product'] as const)
    registerKernel({
      kernelName: KERNELS[kind],
      backendName,
      kernelFunc: ({ inputs, backend, attrs }) => {
        const { kernels: chosen, call, input } = attrs as unknown as KernelAttrs;
        // tfjs declares the inputs a map; a list is one with the keys '0', '1', ...
        const tensors = inputs as unknown as readonly TensorInfo[];
        return (chosen[kind] as AnyKernel)(backend as KernelBackend, tensors, call, input);
      },
    });
}

type AnyKernel = (
  backend: KernelBackend,
  tensors: readonly TensorInfo[],
  call: RecurrentCall,
  input?: number,
) => TensorInfo | TensorInfo[];
