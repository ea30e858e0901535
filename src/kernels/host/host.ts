/** The engine and what it keeps from call to call: started at the first call, and again where one was lost. */

import { engine as tfEngine } from '@tensorflow/tfjs-core';
import { message } from '../../check.js';
import { disposeOfDeadTape } from '../../tfjs-internals/tape.js';
import { type CallRequest, groupInputs } from '../contract.js';
import { BufferCache } from './call/buffer-cache.js';
import { floatsOf, mostFloatsOf, planOf } from './call/plan.js';
import { valuesOf } from './call/tensors.js';
import { mebibytes } from './runtime/arena.js';
import type { Engine } from './runtime/engine.js';
import { EngineLostError } from './runtime/engine-lost-error.js';
import { startEngine } from './runtime/start.js';
import { whyAlone, workerPlatform } from './threads/platform.js';
import { defaultThreads } from './threads/thread-count.js';
import { Reserves } from './training/reserves.js';
import { WeightCache } from './weights/packed-weights.js';

/** A start that failed is tried again after so many calls at most. */
const LONGEST_PAUSE = 64;

/** An engine with its caches. */
export class RunningEngine {
  /** Another takes its place. */
  isLost = false;
  readonly cache: WeightCache;
  readonly reserves = new Reserves();
  readonly bufferCache = new BufferCache();

  constructor(readonly engine: Engine) {
    this.cache = new WeightCache(engine);
  }

  /** Frees what belongs to a tape that is over, and some of what belongs to weights that are gone. */
  sweep(): void {
    disposeOfDeadTape();
    this.reserves.sweep();
    this.cache.sweep();
  }

  /** Frees everything that no live tensor and no tape needs. */
  sweepAll(): void {
    disposeOfDeadTape();
    this.reserves.sweep();
    this.cache.sweepAll();
    this.bufferCache.clear();
  }
}

/** The one engine of a process, and what to do where it does not start or is lost. */
export class Host {
  private running: RunningEngine | undefined;
  private failure: { readonly reason: string; readonly pause: number; left: number } | undefined;
  /** Threads that were asked for; undefined: the default. */
  private wantedThreads: number | undefined;
  private loss: string | undefined;
  private lastOffThread: Promise<unknown> = Promise.resolve();
  /** Why there are no threads, as told last. */
  private told: string | undefined;

  constructor(private readonly start: () => Engine) {}

  get hasStarted(): boolean {
    return this.running !== undefined;
  }

  /** Sets how many threads calls may use, and warns where they have to do with one. */
  setThreads(count: number): void {
    this.wantedThreads = count;
    if (this.running) this.running.engine.threads.count = count;
    this.tellWhyAlone();
  }

  /** Why calls have no threads beside the calling one; undefined where they may. */
  get whyAlone(): string | undefined {
    return this.running ? this.running.engine.threads.obstacle : whyAlone(workerPlatform());
  }

  /** Threads that a call may use, the calling one among them. */
  get threads(): number {
    if (this.running) return this.running.engine.threads.count;
    const platform = workerPlatform();
    return whyAlone(platform) === undefined
      ? (this.wantedThreads ?? defaultThreads(platform?.processors ?? 1))
      : 1;
  }

  /** Once for each reason, where threads were asked for. That a browser blocks workers shows after they were started. */
  private tellWhyAlone(): void {
    const { wantedThreads = 1, whyAlone } = this;
    if (wantedThreads < 2 || whyAlone === undefined || whyAlone === this.told) return;
    this.told = whyAlone;
    const words = `Calls run on the calling thread: ${whyAlone}`;
    console.warn(message('setThreads', 'count', '1 here', String(wantedThreads), words));
  }

  /** How the last engine was lost; undefined where none was. */
  get lastLoss(): string | undefined {
    return this.loss;
  }

  /** Floats of engine memory in use, after what can be freed was freed; 0 before the first call. */
  get floatsInUse(): number {
    this.running?.sweepAll();
    return this.running?.engine.arena.floatsInUse ?? 0;
  }

  /**
   * Why the engine does not start; undefined where it runs. Importing the package starts nothing: what a page forbids, or has
   * no room for, shows at the first call. A start that failed is tried again after 1, 2, 4, ... calls: there may be room then.
   */
  whyNotStarted(): string | undefined {
    if (this.running) return undefined;
    const { failure } = this;
    if (failure && failure.left-- > 0) return failure.reason;
    try {
      const engine = this.start();
      engine.threads.count = this.wantedThreads ?? defaultThreads(engine.threads.processors);
      this.running = new RunningEngine(engine);
      this.failure = undefined;
      return undefined;
    } catch (error) {
      const reason = reasonOf(error);
      if (!failure)
        console.warn(`tfjs-torch-rnn: recurrent layers run on tf ops, many times slower: ${reason}`);
      const pause = failure ? Math.min(LONGEST_PAUSE, 2 * failure.pause) : 1;
      this.failure = { reason, pause, left: pause };
      return reason;
    }
  }

  /** Runs `body` on the engine. One that is lost is not used again: the next call starts another. */
  run<T>(body: (running: RunningEngine) => T): T {
    const obstacle = this.whyNotStarted();
    if (this.running === undefined) throw new Error(obstacle);
    this.tellWhyAlone();
    const { running } = this;
    try {
      return body(running);
    } catch (error) {
      this.noteLoss(running, error);
      throw error;
    }
  }

  /** As `run`, when the calls before it that run off the calling thread are over. */
  runOffThread<T>(body: (running: RunningEngine) => Promise<T>): Promise<T> {
    const call = this.lastOffThread.then(async () => {
      const running = this.run((started) => started);
      try {
        return await body(running);
      } catch (error) {
        this.noteLoss(running, error);
        throw error;
      }
    });
    this.lastOffThread = call.catch(() => {});
    return call;
  }

  private noteLoss(running: RunningEngine, error: unknown): void {
    if (!(error instanceof EngineLostError) || running.isLost) return;
    running.isLost = true;
    // A worker of the lost engine may still be at work, so the next one starts on one thread.
    this.running = undefined;
    this.wantedThreads = 1;
    this.loss = error.message;
  }

  /** Why calls cannot run off the calling thread; undefined where they can. */
  get whyNotOffThread(): string | undefined {
    const engine = this.running?.engine;
    return engine?.mirror ? engine.mirror.obstacle : this.whyAlone;
  }

  /** Whether the weights of a call are packed, so that they are not read. */
  hasPacked({ call, inputs }: CallRequest): boolean {
    const { directions } = groupInputs(call, inputs);
    return directions.every((direction) => this.running?.cache.has(direction));
  }

  /** Why the engine's memory has no room for a call; undefined where it has, or where nothing runs yet. */
  whyNoRoom({ call, inputs, isTraining }: CallRequest): string | undefined {
    const [x] = inputs;
    if (this.running === undefined || x === undefined) return undefined;
    const { arena } = this.running.engine;
    if (mostFloatsOf(call, x) <= arena.limit - arena.floatsInUse) return undefined;
    const plan = planOf(call, x);
    const { steps, batch } = plan;
    const isTooLarge = (rows: number) => floatsOf(plan, rows, isTraining) > arena.limit - arena.floatsInUse;
    if (!isTooLarge(steps * batch)) return undefined;
    const { lengths } = groupInputs(call, inputs);
    const values = lengths && Array.from(valuesOf(tfEngine().backend, lengths));
    const rows = values?.reduce((sum, length) => sum + length, 0) ?? steps * batch;
    this.running.sweepAll();
    if (!isTooLarge(rows)) return undefined;
    const needed = mebibytes(floatsOf(plan, rows, isTraining));
    const [used, limit] = [arena.floatsInUse, arena.limit].map(mebibytes);
    return `a call that takes about ${needed}, where ${used} of the engine's ${limit} are in use`;
  }
}

function reasonOf(error: unknown): string {
  const isForbidden = error instanceof WebAssembly.CompileError;
  const hint = isForbidden
    ? ". Does the page's Content-Security-Policy lack 'wasm-unsafe-eval' in script-src?"
    : '';
  const reason = (error instanceof Error ? error.message : `${error}`).replace(/\.$/, '');
  return `its engine does not start here: ${reason}${hint}`;
}

export const host = new Host(startEngine);
