/** What a worker runs, and what it is given. */

/** The state of a worker, an integer of the arena. */
export const WORKER_STATES = {
  stays: 0,
  /** It is told to leave, and will unless it is told to stay before it looks. */
  isToLeave: 1,
  /** It uses its stack no more. */
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

/**
 * Waits for rounds, takes jobs, tells the caller. In plain JavaScript, so that neither a bundler nor a loader of TypeScript has to
 * find it. A worker that traps or ends in a job says so: nobody has to wait for it.
 */
export const WORKER = `
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
