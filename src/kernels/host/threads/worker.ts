/** A worker of the engine: what it is given, the states it goes through, and what starts one. */

/** The state of a worker, an integer of the arena. */
export const WORKER_STATES = {
  stays: 0,
  /** It is told to leave, and does when it next looks, unless it is told to stay before. */
  isToLeave: 1,
  /** It no longer uses its stack. */
  hasLeft: 2,
} as const;

/** Addresses are in bytes; `state`, `done` and `byMessage` count integers of the whole memory. */
export interface WorkerData {
  readonly module: WebAssembly.Module | undefined;
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
  /** The queue's `by_message`. */
  readonly byMessage: number;
}

/**
 * What a worker runs: a function of its data, and of a port with which it reaches the thread that started it. In plain
 * JavaScript, so that neither a bundler nor a loader of TypeScript has to find it.
 *
 * The port has `post(message)`, `listen(body)` for messages, `atEnd(body)` for when it fails, and `leave()`.
 */
export const WORKER_PROGRAM = `
({ module, memory, base, queue, stack, state, done, byMessage }, { post, atEnd, leave }) => {
  const env = { memory, now: () => performance.now(), may_sleep: () => 1 };
  const { exports } = new WebAssembly.Instance(module, { env });
  exports.__stack_pointer.value = stack;
  const ints = new Int32Array(memory.buffer);
  const [isToLeave, hasLeft] = [${WORKER_STATES.isToLeave}, ${WORKER_STATES.hasLeft}];
  let isAtWork = false;
  atEnd(() => { if (isAtWork) exports.abandon(base, queue); });
  for (let round = 0; ; ) {
    round = exports.await_round(base, queue, round);
    if (Atomics.compareExchange(ints, state, isToLeave, hasLeft) === isToLeave) break;
    isAtWork = true;
    exports.work(base, queue, round);
    isAtWork = false;
    Atomics.notify(ints, done);
    if (Atomics.load(ints, byMessage) !== 0) post(round);
  }
  leave();
}
`;

/** A worker that was started. */
export interface RunningWorker {
  post(message: object, transfer?: ArrayBuffer[]): void;
  /** Whether the process waits for it. */
  keepAlive(isKept: boolean): void;
  /** Ends it wherever it is. */
  terminate(): void;
}

/** What a worker tells the thread that started it. */
export interface WorkerEvents {
  /** What the program has posted. */
  onMessage(message: unknown): void;
  /** It has failed. Called before `onExit`. */
  onError(reason: string): void;
  /** It has ended. */
  onExit(): void;
}

/** What an engine's workers come from: node-workers.ts and web-workers.ts. */
export interface WorkerPlatform {
  /** Processors that this process may use. */
  readonly processors: number;
  /** Why no worker can share memory with this thread; undefined where one can. */
  readonly whyNotShared: string | undefined;
  /**
   * Starts a worker, which does not keep the process alive.
   * @param program as {@link WORKER_PROGRAM}.
   * @throws Error where the process may start no thread.
   */
  start(program: string, data: object, events: WorkerEvents): RunningWorker;
}
