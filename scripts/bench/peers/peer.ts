/** The interface of a runtime that is compared. */

import type { Backend } from '../../../examples/support/backend.js';
import type { StateDict } from '../../../src/state-dict/index.js';
import type { BenchCase } from '../cases.js';

/** A case made ready in one runtime. */
export interface Prepared {
  /** One call, from inputs that are there to results that JavaScript (or Python) can read; a promise where the runtime has one. */
  run(): unknown;
  /**
   * What a call computes, for the check: forward `output` `[T, B, D*H]`, `hn`, and `cn` of an LSTM; training the gradients
   * `x` `[T, B, I]` and of each weight under its name.
   */
  results(): Promise<StateDict>;
  dispose(): Promise<void>;
}

export interface Peer {
  /** Of the runtime and what it stands on. */
  readonly versions: Readonly<Record<string, string>>;
  /** Whether it can run with the number of threads that it was started for. */
  readonly hasThreads: boolean;
  /** @param numbers as `makeNumbers` has them. */
  prepare(benchCase: BenchCase, numbers: StateDict): Promise<Prepared>;
}

export interface PeerOptions {
  /** Of tfjs, for those that run on it. */
  readonly backend: Backend;
  readonly threads: number;
}

/** Every module of a runtime exports one. @throws Error with the remedy where the runtime is not installed. */
export type StartPeer = (options: PeerOptions) => Promise<Peer>;
