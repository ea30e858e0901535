/** The recurrent ops on the fused kernel of the backend, and their gradient. */

import {
  engine,
  type NamedAttrMap,
  type NamedTensorMap,
  registerGradient,
  type Tensor,
  type Tensor3D,
} from '@tensorflow/tfjs-core';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import {
  type Cell,
  KERNELS,
  listInputs,
  type RecurrentAttrs,
  recurrentAttrs,
  type StackAttrs,
  type StackInputs,
  type StackOutputs,
} from '../kernels/contract.js';

/** Runs the whole stack in one kernel. Contract: {@link StackInputs}, {@link StackOutputs}. */
export function runFused(cell: Cell, inputs: StackInputs, stackAttrs: StackAttrs): StackOutputs {
  const { names, tensors } = listInputs(inputs);
  const attrs = recurrentAttrs(cell, stackAttrs, names);
  const run = (kernel: string) => runKernel(kernel, tensors, attrs) as Tensor[];
  if (!engine().isTapeOn()) return toOutputs(run(KERNELS.inference));
  const [reserve, ...outputs] = run(KERNELS.training) as [Tensor, ...Tensor[]];
  // The tape has its own.
  reserve.dispose();
  return toOutputs(outputs);
}

function toOutputs([output, ...finalStates]: Tensor[]): StackOutputs {
  return { output: output as Tensor3D, finalStates: finalStates as Tensor3D[] };
}

/** tfjs declares the inputs a map; a list is one with the keys '0', '1', ... */
function runKernel(name: string, inputs: readonly Tensor[], attrs: object) {
  return engine().runKernel(name, inputs as unknown as NamedTensorMap, attrs as NamedAttrMap);
}

registerGradient({
  kernelName: KERNELS.training,
  outputsToSave: [true],
  gradFunc: (dys, [reserve], attrs) => {
    const [, ...outputGradients] = dys as Tensor[];
    const { inputNames } = attrs as unknown as RecurrentAttrs;
    const gradients = inputNames.map((_, input) => [
      String(input),
      () => runKernel(KERNELS.gradient, [reserve as Tensor, ...outputGradients], { input }) as Tensor,
    ]);
    return Object.fromEntries(gradients);
  },
});

registerGradient({
  kernelName: KERNELS.gradient,
  gradFunc: () => {
    throw new UnsupportedError(
      message(
        'gradient of a recurrent layer',
        'order',
        'first-order gradients of the fused kernel',
        'a second-order one',
        `Use implementation: 'reference'`,
      ),
    );
  },
});
