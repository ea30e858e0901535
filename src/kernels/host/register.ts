/**
 * The recurrent kernels that run on the engine: those of the backends whose tensors are in the memory of the host (cpu, wasm,
 * tensorflow on a CPU), and of webgl and webgpu for calls whose data are there or cost little to fetch.
 */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import { usesTensorflowGpu } from '../../tfjs-internals/backends.js';
import {
  type CallRequest,
  groupBackward,
  groupInputs,
  groupProduct,
  type RecurrentKernels,
  registerKernels,
  registerOffThreadKernels,
  roleOf,
} from '../contract.js';
import { infer, train } from './call/forward.js';
import { inferOffThread } from './call/off-thread.js';
import { makeTensor, valuesOf } from './call/tensors.js';
import { declinedOnWebgl, declinedOnWebgpu, estimate, told } from './gpu/decide.js';
import { host } from './host.js';
import { describeEngine, whyNoEngine } from './runtime/start.js';
import { StackGradient } from './training/gradient.js';

/** What `describeKernels` says of the engine. @param where which calls it takes. */
function describe(where = ''): string {
  const { lastLoss, whyAlone } = host;
  const most = host.threads;
  const threads = most > 1 ? `, on up to ${most} threads` : ', on one thread';
  const alone = whyAlone === undefined ? '' : `: ${whyAlone}`;
  const lost = lastLoss === undefined ? '' : `; the one before was lost: ${lastLoss}`;
  const { compiledTo, whyNotNative } = describeEngine();
  const why = whyNotNative === undefined ? '' : `; ${whyNotNative}`;
  return `the engine runs whole sequences in ${compiledTo}${where}${threads}${alone}${lost}${why}`;
}

/** Why the engine does not run a call, wherever its data are. */
function whyNot(request: CallRequest | undefined): string | undefined {
  if (usesTensorflowGpu()) return 'a GPU device, whose tensors would have to be read back';
  return whyNoEngine() ?? host.whyNotStarted() ?? (request && host.whyNoRoom(request));
}

const run: Pick<RecurrentKernels, 'inference' | 'training' | 'backward' | 'product'> = {
  inference: (backend, inputs, call) =>
    host.run((running) => {
      running.sweep();
      return infer(running.engine, running.cache, running.bufferCache, backend, call, inputs);
    }),

  training: (backend, inputs, call) =>
    host.run((running) => {
      running.sweep();
      const { outputs, reserve } = train(running.engine, running.cache, backend, call, inputs);
      return [handleTensor(backend, running.reserves.add(reserve)), ...outputs];
    }),

  backward: (backend, tensors, call) =>
    host.run(({ engine, reserves }) => {
      const { inputs, reserve, dys } = groupBackward(call, tensors);
      const kept = reserves.get(handleIn(backend, reserve));
      const { directions } = groupInputs(call, inputs);
      const handle = reserves.addGradient(new StackGradient(engine, kept, backend, directions, dys));
      return [handleTensor(backend, handle)];
    }),

  product: (backend, tensors, call, input) =>
    host.run(({ reserves }) => {
      const [list] = groupProduct(call, tensors).list as [TensorInfo];
      const gradient = reserves.gradientOf(handleIn(backend, list));
      return gradient.of(roleOf(call, input), backend);
    }),
};

/** A tensor that stands for memory of the engine on the tape: a number, known by its value. */
function handleTensor(backend: KernelBackend, handle: number): TensorInfo {
  return makeTensor(backend, Int32Array.of(handle), [1], 'int32');
}

function handleIn(backend: KernelBackend, tensor: TensorInfo): number {
  return valuesOf(backend, tensor)[0] as number;
}

registerOffThreadKernels({
  supports: (request) => {
    return whyNoEngine() ?? host.whyNotStarted() ?? host.whyNotOffThread ?? host.whyNoRoom(request);
  },
  inference: (tensors, call) => host.runOffThread((running) => inferOffThread(running, tensors, call)),
});

for (const backendName of ['cpu', 'wasm', 'tensorflow'])
  registerKernels(backendName, {
    name: 'engine',
    get description() {
      return describe();
    },
    supports: whyNot,
    ...run,
  });

registerKernels('webgl', {
  name: 'engine',
  get description() {
    return describe(' where its data cost less to read back than tf ops to run');
  },
  supports: (request) => (request && declinedOnWebgl(request)) ?? whyNot(request),
  reasonFor: (request) => told(estimate(request)),
  ...run,
});

registerKernels('webgpu', {
  name: 'engine',
  get description() {
    return describe(' where its data are not on the GPU');
  },
  supports: (request) =>
    (request && declinedOnWebgpu(request, () => host.hasPacked(request))) ?? whyNot(request),
  reasonFor: (request) => told(estimate(request)),
  ...run,
});
