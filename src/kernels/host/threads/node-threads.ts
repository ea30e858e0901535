/** Workers of `node:worker_threads`. */

import { WORKER_STATES, type WorkerData, type WorkerPlatform } from './worker.js';

/** In plain JavaScript, so that neither a bundler nor a loader of TypeScript has to find it. */
const WORKER = `
const { module, memory, base, queue, stack, state, done } = require('node:worker_threads').workerData;
const { exports } = new WebAssembly.Instance(module, { env: { memory, now: () => performance.now() } });
exports.__stack_pointer.value = stack;
const ints = new Int32Array(memory.buffer);
const [isToLeave, hasLeft] = [${WORKER_STATES.isToLeave}, ${WORKER_STATES.hasLeft}];
let isAtWork = false;
process.on('exit', () => { if (isAtWork) exports.abandon(base, queue); });
for (let round = 0; ; ) {
  round = exports.await_round(base, queue, round);
  if (Atomics.compareExchange(ints, state, isToLeave, hasLeft) === isToLeave) break;
  isAtWork = true;
  exports.work(base, queue, round);
  isAtWork = false;
  Atomics.notify(ints, done);
}
`;

interface NodeWorker {
  on(event: 'error' | 'exit', listener: () => void): unknown;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (
    code: string,
    options: { eval: true; workerData: WorkerData; execArgv: string[] },
  ) => NodeWorker;
}

interface NodeProcess {
  getBuiltinModule?(name: 'node:worker_threads'): WorkerThreads;
  getBuiltinModule?(name: 'node:os'): { availableParallelism(): number };
}

/** Undefined where there are none. Asked of the running process, not imported: bundlers for browsers find nothing to fail on. */
export function nodeThreads(): WorkerPlatform | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const threads = process?.getBuiltinModule?.('node:worker_threads');
  const os = process?.getBuiltinModule?.('node:os');
  if (threads === undefined || os === undefined) return undefined;
  return {
    processors: os.availableParallelism(),
    start(workerData, onError, onExit) {
      // Flags of the process, such as a loader of TypeScript, are not for the worker.
      const worker = new threads.Worker(WORKER, { eval: true, workerData, execArgv: [] });
      worker.on('error', onError);
      worker.on('exit', onExit);
      worker.unref();
      return { terminate: () => void worker.terminate() };
    },
  };
}
