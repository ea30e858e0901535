/** The part of `node:worker_threads` that the engine takes. */

export interface NodeWorker {
  on(event: 'error' | 'exit', listener: () => void): unknown;
  unref(): void;
  terminate(): Promise<number>;
}

interface WorkerThreads {
  readonly Worker: new (
    code: string,
    options: { eval: true; workerData: unknown; execArgv: string[] },
  ) => NodeWorker;
}

interface NodeProcess {
  getBuiltinModule?(name: 'node:worker_threads'): WorkerThreads;
  getBuiltinModule?(name: 'node:os'): { availableParallelism(): number };
}

export interface NodeThreads {
  /** Processors this process may use. */
  readonly processors: number;
  /** @throws Error where the process may start no thread. */
  start(code: string, workerData: unknown): NodeWorker;
}

let found: NodeThreads | null | undefined;

/** Undefined where there are none. Asked of the running process, not imported: bundlers for browsers find nothing to fail on. */
export function nodeThreads(): NodeThreads | undefined {
  if (found === undefined) found = find() ?? null;
  return found ?? undefined;
}

function find(): NodeThreads | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  const threads = process?.getBuiltinModule?.('node:worker_threads');
  const os = process?.getBuiltinModule?.('node:os');
  if (threads === undefined || os === undefined) return undefined;
  return {
    processors: os.availableParallelism(),
    // Flags of the process, such as a loader of TypeScript, are not for the worker.
    start: (code, workerData) => new threads.Worker(code, { eval: true, workerData, execArgv: [] }),
  };
}
