/** cuDNN's recurrent layers, on GPUs through tfjs-node-gpu. They are asked before the engine. */

import { engine, type KernelBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { describeTensorflow, tensorflowUsesGpu } from '../../tfjs-internals/backends.js';
import { disposeOfDeadTape } from '../../tfjs-internals/tape.js';
import { tensorflowBackend } from '../../tfjs-internals/tensorflow.js';
import {
  type CallRequest,
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentKernels,
  registerKernels,
  roleOf,
} from '../contract.js';
import { estimate, slowerOnCudnn, toldOfCudnn } from '../host/gpu/decide.js';
import { whyNot as whyNotOnEngine } from '../host/kernels.js';
import { TapeReserves } from '../tape-reserves.js';
import { gradientOf, releaseReserve, runBackward, runForward } from './call.js';
import { ParamsCache } from './params.js';
import { selfCheck, shown, verdictsOf } from './self-check.js';

const cache = new ParamsCache();
const reserves = new TapeReserves(releaseReserve);

/** Deletes what no tape and no live weight needs. */
export function sweepAll(): void {
  disposeOfDeadTape();
  reserves.sweep();
  cache.sweepAll();
}

function sweep(): void {
  disposeOfDeadTape();
  reserves.sweep();
  cache.sweep();
}

/** Why cuDNN has no such call. */
function obstacleTo({ call, inputs }: CallRequest): string | undefined {
  if (call.projSize > 0) return 'an LSTM with a projection, which TensorFlow does not run in cuDNN';
  const { x } = groupInputs(call, inputs);
  return x.shape.includes(0) ? 'an input without elements, which needs no kernel' : undefined;
}

const run: Pick<RecurrentKernels, 'inference' | 'training' | 'backward' | 'product'> = {
  inference(backend, tensors, call) {
    sweep();
    return runForward(tensorflowBackend(backend), cache, call, tensors);
  },

  training(backend, tensors, call) {
    sweep();
    let handle = 0;
    const outputs = runForward(tensorflowBackend(backend), cache, call, tensors, (reserve) => {
      handle = reserves.add(reserve);
    });
    return [handleTensor(backend, handle), ...outputs];
  },

  backward(backend, tensors, call) {
    const { inputs, reserve, dys } = groupBackward(call, tensors);
    const { x, lengths } = groupInputs(call, inputs);
    return runBackward(reserves.get(handleIn(backend, reserve)), call, x, lengths, dys);
  },

  product(_, tensors, call, input) {
    const { inputs, list } = groupProduct(call, tensors);
    return gradientOf(call, inputs, list, roleOf(call, input));
  },
};

/** A tensor that stands for a reserve on the tape: a number that stays on the host. */
function handleTensor(backend: KernelBackend, handle: number): TensorInfo {
  return { dataId: backend.write(Int32Array.of(handle), [1], 'int32'), shape: [1], dtype: 'int32' };
}

function handleIn(backend: KernelBackend, { dataId }: TensorInfo): number {
  return (backend.readSync(dataId) as Int32Array)[0] as number;
}

/** What the self-check has found, for `describeKernels`. */
function findings(): string {
  const { tensorflow } = engine().registry;
  const found = tensorflow ? [...verdictsOf(tensorflow)] : [];
  return found
    .map(([cell, { difference, precision, fault }]) =>
      precision
        ? `; its ${cell} is within ${shown(difference)} of the engine's, in ${precision}`
        : `; ${fault}`,
    )
    .join('');
}

registerKernels('tensorflow', {
  name: 'cudnn',
  get description() {
    return `cuDNN runs whole sequences on the GPU${findings()}`;
  },

  supports(request) {
    if (!tensorflowUsesGpu()) return describeTensorflow();
    if (!request) return undefined;
    const isElsewhere = whyNotOnEngine(request) === undefined;
    return (
      obstacleTo(request) ??
      (isElsewhere ? slowerOnCudnn(request) : undefined) ??
      selfCheck(request.call.cell, run, engine().backend).fault
    );
  },

  reasonFor: (request) => toldOfCudnn(estimate(request)),
  ...run,
});
