/** Workers of `node:worker_threads`, in Node, Bun and Deno. */

import type { WorkerPlatform } from './worker.js';

/** Code around a program. In a block: Bun and Deno declare names such as `module` and `exports` beside it. */
const codeOf = (program: string) => `{
const { parentPort, workerData } = require('node:worker_threads');
(${program})(workerData, {
  post: (message) => parentPort.postMessage(message),
  listen: (body) => parentPort.on('message', body),
  atEnd: (body) => process.on('exit', body),
  leave: () => {},
});
}`;

interface NodeWorker {
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error', listener: (error: unknown) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  postMessage(message: object, transfer?: ArrayBuffer[]): void;
  ref(): void;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (
    code: string,
    options: { eval: true; workerData: object; execArgv: string[] },
  ) => NodeWorker;
}

interface NodeProcess {
  getBuiltinModule?(name: 'node:worker_threads'): WorkerThreads;
  getBuiltinModule?(name: 'node:os'): { availableParallelism(): number };
}

/** Undefined where there are none. Asked of the running process, not imported: bundlers for browsers find nothing to fail on. */
export function nodeWorkers(): WorkerPlatform | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const threads = process?.getBuiltinModule?.('node:worker_threads');
  const os = process?.getBuiltinModule?.('node:os');
  if (threads === undefined || os === undefined) return undefined;
  return {
    processors: os.availableParallelism(),
    whyNotShared: undefined,
    start(program, workerData, { onMessage, onError, onExit }) {
      // Flags of the process, such as a loader of TypeScript, are not for the worker.
      const worker = new threads.Worker(codeOf(program), { eval: true, workerData, execArgv: [] });
      worker.on('message', onMessage);
      worker.on('error', (error) => onError(error instanceof Error ? error.message : String(error)));
      worker.on('exit', onExit);
      worker.unref();
      return {
        post: (message, transfer) => worker.postMessage(message, transfer),
        keepAlive: (isKept) => (isKept ? worker.ref() : worker.unref()),
        terminate: () => void worker.terminate(),
      };
    },
  };
}
