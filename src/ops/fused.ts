/** Calls of the fused kernels, and their gradient. */

import {
  addN,
  customGrad,
  engine,
  mul,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  type Scalar,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  zerosLike,
} from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import {
  countInputs,
  type DirectionWeights,
  groupInputs,
  KERNELS,
  type KernelAttrs,
  type RecurrentCall,
  type RecurrentKernels,
  type StackOutputs,
} from '../kernels/contract.js';
import { pin, share } from '../tfjs-internals/data.js';
import { saveOnTape } from '../tfjs-internals/tape.js';
import type { Implementation } from './implementation.js';
import { runReference } from './reference/recurrence.js';

/** A training call, as its gradient finds it on the tape. */
interface TrainingAttrs extends KernelAttrs {
  readonly implementation: Implementation;
  /** The caller's inputs: what a gradient of the gradient is connected to. */
  readonly originals: readonly Tensor[];
}

/**
 * Runs one call in one kernel.
 * @param kernels whose.
 * @param isTraining whether a tape records.
 */
export function runFused(
  kernels: RecurrentKernels,
  call: RecurrentCall,
  inputs: readonly Tensor[],
  isTraining: boolean,
  implementation: Implementation,
): StackOutputs {
  if (!isTraining) return toOutputs(runKernel(KERNELS.inference, inputs, { kernels, call }) as Tensor[]);
  const attrs: TrainingAttrs = { kernels, call, implementation, originals: inputs };
  const made = runKernel(KERNELS.training, inputs, attrs) as Tensor[];
  saveOnTape(KERNELS.training, [...inputs, ...made].map(pin));
  const [reserve, ...outputs] = made as [Tensor, ...Tensor[]];
  // The tape has a pinned one.
  reserve.dispose();
  return toOutputs(outputs);
}

function toOutputs([output, ...finalStates]: Tensor[]): StackOutputs {
  return { output: output as Tensor3D, finalStates: finalStates as Tensor3D[] };
}

/** tfjs declares the inputs a map; a list is one with the keys '0', '1', ... */
function runKernel(name: string, inputs: readonly Tensor[], attrs: KernelAttrs) {
  return engine().runKernel(name, inputs as unknown as NamedTensorMap, attrs as unknown as NamedAttrMap);
}

/** What the last `backward` made. tfjs would keep it until the whole pass is over, one list for each call on the tape. */
let lastList: readonly Tensor[] = [];

registerGradient({
  kernelName: KERNELS.training,
  gradFunc: (dys, saved, attrs) => {
    const { kernels, call, implementation, originals } = attrs as unknown as TrainingAttrs;
    const outputGradients = (dys as Tensor[]).slice(1);
    const inputCount = countInputs(call);
    const pinned = saved.slice(0, inputCount);
    const made = saved.slice(inputCount);
    if (!engine().isTapeOn()) return kernelGradients({ kernels, call }, pinned, made, outputGradients);
    const inputs = pinned.map((input, i) =>
      input.dtype === 'float32' ? connect(originals[i] as Tensor, input) : input,
    );
    return implementation === 'auto'
      ? referenceGradients(call, inputs, outputGradients)
      : kernelGradients({ kernels, call }, inputs, made, outputGradients);
  },
});

/** A function for the gradient of each input, under the name that tfjs gives the input. */
type Gradients = Record<string, () => Tensor>;

/** One `backward` now, and a `product` for each gradient that tfjs asks for. */
function kernelGradients(
  attrs: KernelAttrs,
  inputs: readonly Tensor[],
  [reserve, ...outputs]: readonly Tensor[],
  dys: readonly Tensor[],
): Gradients {
  for (const tensor of lastList) tensor.dispose();
  const operandsOfBackward = [...inputs, ...outputs, reserve as Tensor, ...dys];
  lastList = runKernel(KERNELS.backward, operandsOfBackward, attrs) as Tensor[];
  const operands = [...inputs, ...outputs, ...lastList];
  const gradients: Gradients = {};
  for (const [input, { dtype }] of inputs.entries())
    if (dtype === 'float32')
      gradients[input] = () => runKernel(KERNELS.product, operands, { ...attrs, input }) as Tensor;
  return gradients;
}

/** All gradients, composed of tf ops: another tape records them, and may want gradients of them. */
function referenceGradients(
  call: RecurrentCall,
  tensors: readonly Tensor[],
  dys: readonly Tensor[],
): Gradients {
  const { x, states, directions, lengths } = groupInputs(call, tensors);
  const inputs = {
    x: x as Tensor3D,
    initialStates: states.length > 0 ? (states as Tensor3D[]) : undefined,
    weights: directions as readonly DirectionWeights[],
    lengths: lengths as Tensor1D | undefined,
  };
  const floats = tensors.filter(({ dtype }) => dtype === 'float32');
  const { grads } = engine().gradients(
    () => {
      const { output, finalStates } = runReference(call.cell, inputs, call);
      return addN([output, ...finalStates].map((y, i) => sum(mul(y, dys[i] as Tensor)))) as Scalar;
    },
    floats,
    undefined,
    true,
  );
  const ofInput = (i: number) => () => grads[i] ?? zerosLike(floats[i] as Tensor);
  return Object.fromEntries(floats.map((_, i) => [String(i), ofInput(i)]));
}

/**
 * The values of `pinned`, on the tape that records now as a result of `original`. The original may have been disposed or
 * assigned since, and `pinned` itself is on no tape.
 */
function connect(original: Tensor, pinned: Tensor): Tensor {
  return customGrad(() => ({ value: share(pinned), gradFunc: (dy: Tensor) => dy }))(original);
}

for (const kernelName of [KERNELS.backward, KERNELS.product])
  registerGradient({
    kernelName,
    gradFunc: () => {
      throw new UnsupportedError(
        message(
          'gradient of a recurrent layer',
          'order',
          'first-order gradients of the fused kernel',
          'a second-order one',
          "Use implementation: 'auto' or 'reference'",
        ),
      );
    },
  });
