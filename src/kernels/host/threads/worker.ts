/** A worker of the engine: what it is given, the states it goes through, and what starts one. */

/** The state of a worker, an integer of the arena. */
export const WORKER_STATES = {
  stays: 0,
  /** It is told to leave, and does when it next looks, unless it is told to stay before. */
  isToLeave: 1,
  /** It no longer uses its stack. */
  hasLeft: 2,
} as const;

/** Addresses are in bytes; `state` and `done` count integers of the whole memory. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** Of the arena. */
  readonly base: number;
  /** Of the struct queue, in floats of the arena. */
  readonly queue: number;
  /** The end of the worker's stack, which grows downwards. */
  readonly stack: number;
  /** One of {@link WORKER_STATES}. */
  readonly state: number;
  /** The queue's `done`, on which the caller may be asleep. */
  readonly done: number;
}

/** A worker that was started. */
export interface RunningWorker {
  /** Ends it wherever it is. */
  terminate(): void;
}

/** What an engine's workers come from. Node's stand in node-threads.ts. */
export interface WorkerPlatform {
  /** Processors that this process may use. */
  readonly processors: number;
  /**
   * Starts a worker, which does not keep the process alive. It instantiates the module, waits for rounds and takes their
   * jobs. One that traps or ends in a job calls `abandon`, so that nobody waits for it.
   *
   * @param onError called where it has failed, before `onExit`.
   * @param onExit called when it has ended.
   * @throws Error where the process may start no thread.
   */
  start(data: WorkerData, onError: () => void, onExit: () => void): RunningWorker;
}
