/**
 * The recurrent kernels that run on the engine: those of the backends whose tensors are in the memory of the host (cpu, wasm,
 * tensorflow on a CPU), and of webgl, webgpu and tensorflow on a GPU for calls whose data are there or cost little to fetch.
 */

import { tensorflowUsesGpu } from '../../tfjs-internals/backends.js';
import { registerKernels, registerOffThreadKernels } from '../contract.js';
import { inferOffThread } from './call/off-thread.js';
import { declinedByCosts, declinedOnWebgpu, estimate, told } from './gpu/decide.js';
import { host } from './host.js';
import { run, whyNot } from './kernels.js';
import { describeEngine, whyNoEngine } from './runtime/start.js';

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

registerOffThreadKernels({
  supports: (request) => {
    return whyNoEngine() ?? host.whyNotStarted() ?? host.whyNotOffThread ?? host.whyNoRoom(request);
  },
  inference: (tensors, call) => host.runOffThread((running) => inferOffThread(running, tensors, call)),
});

for (const backendName of ['cpu', 'wasm'])
  registerKernels(backendName, {
    name: 'engine',
    get description() {
      return describe();
    },
    supports: whyNot,
    ...run,
  });

const WHERE_CHEAPER = ' where its data cost less to read back than tf ops to run';

registerKernels('tensorflow', {
  name: 'engine',
  get description() {
    return describe(tensorflowUsesGpu() ? WHERE_CHEAPER : '');
  },
  supports: (request) =>
    (request && tensorflowUsesGpu() ? declinedByCosts(request) : undefined) ?? whyNot(request),
  reasonFor: (request) => (tensorflowUsesGpu() ? told(estimate(request)) : undefined),
  ...run,
});

registerKernels('webgl', {
  name: 'engine',
  get description() {
    return describe(WHERE_CHEAPER);
  },
  supports: (request) => (request && declinedByCosts(request)) ?? whyNot(request),
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
