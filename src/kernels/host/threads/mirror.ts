/** A worker with an engine of its own, for pages whose workers cannot share memory. */

import type { JOBS } from '../abi/constants.js';
import type { RunningWorker, WorkerPlatform } from './worker.js';

/** As WORKER_PROGRAM. Its memory has the addresses of the caller's, and of its blocks those that were sent. */
const PROGRAM = `
({ module, base, maxPages }, { post, listen }) => {
  const PAGE = 65536;
  const first = Math.ceil(base / PAGE) + 1;
  const memory = new WebAssembly.Memory({ initial: first, maximum: maxPages, shared: true });
  const env = { memory, now: () => performance.now(), may_sleep: () => 1 };
  const { exports } = new WebAssembly.Instance(module, { env });
  listen(({ size, blocks, jobs, results }) => {
    const missing = Math.ceil((base + 4 * size - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
    const ints = new Int32Array(memory.buffer, base);
    for (const { at, values } of blocks) ints.set(values, at);
    for (const { job, at } of jobs) exports[job](base, at);
    post(results.map(({ at, count }) => ({ at, values: ints.slice(at, at + count) })));
  });
}
`;

/** A block of the arena. */
export interface Block {
  readonly at: number;
  /** Floats. */
  readonly count: number;
}

interface FilledBlock {
  readonly at: number;
  readonly values: Int32Array<ArrayBuffer>;
}

/** What a call runs, and where its data lie. */
export interface MirroredCall {
  /** Floats of the arena that the jobs may reach. */
  readonly size: number;
  readonly jobs: readonly { readonly job: keyof typeof JOBS; readonly at: number }[];
  readonly inputs: readonly Block[];
  /** Weights and their blocks: each is sent once, and its blocks stay as they are as long as it lives. */
  readonly weights: ReadonlyMap<object, readonly Block[]>;
  readonly results: readonly Block[];
}

interface MirrorHost {
  readonly module: WebAssembly.Module;
  /** Of the arena, in bytes. */
  readonly base: number;
  readonly maxPages: number;
  ints(at: number, count: number): Int32Array;
}

/** Runs jobs of the caller's arena: blocks are copied to the same places of the worker's memory, and results back. */
export class Mirror {
  private worker: RunningWorker | undefined;
  private failure: string | undefined;
  private readonly sent = new WeakSet<object>();
  private end: (() => void) | undefined;

  constructor(
    private readonly platform: WorkerPlatform,
    private readonly host: MirrorHost,
  ) {}

  /** Why it runs no more calls. */
  get obstacle(): string | undefined {
    return this.failure;
  }

  /** One call at a time. @returns a promise of why it has not run; undefined where the results are in the caller's arena. */
  async run({ size, jobs, inputs, weights, results }: MirroredCall): Promise<string | undefined> {
    const worker = this.start();
    if (worker === undefined) return this.failure;
    const fresh = [...weights].filter(([owner]) => !this.sent.has(owner));
    const all = [...inputs, ...fresh.flatMap(([, blocks]) => blocks)];
    const blocks = all.map(({ at, count }) => ({ at, values: this.host.ints(at, count).slice() }));
    await new Promise<void>((resolve) => {
      this.end = resolve;
      worker.keepAlive(true);
      worker.post(
        { size, blocks, jobs, results },
        blocks.map(({ values }) => values.buffer as ArrayBuffer),
      );
    });
    worker.keepAlive(false);
    for (const [owner] of fresh) this.sent.add(owner);
    return this.failure;
  }

  private start(): RunningWorker | undefined {
    if (this.worker || this.failure !== undefined) return this.worker;
    const { module, base, maxPages } = this.host;
    try {
      this.worker = this.platform.start(
        PROGRAM,
        { module, base, maxPages },
        {
          onMessage: (message) => {
            for (const { at, values } of message as readonly FilledBlock[])
              this.host.ints(at, values.length).set(values);
            this.end?.();
          },
          onError: (reason) => this.fail(reason),
          onExit: () => this.fail('its worker has ended'),
        },
      );
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
    return this.worker;
  }

  private fail(reason: string): void {
    this.failure ??= reason;
    this.worker = undefined;
    this.end?.();
  }
}
