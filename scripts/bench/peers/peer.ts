/** The interface of a runtime that is compared. */

import type { StateDict } from '../../../src/state-dict/index.js';
import type { BenchCase } from '../cases.js';

/** A case made ready in one runtime. */
export interface Prepared {
  /** Makes what a call must find new, such as an input that an op has just left on a GPU. Not timed. */
  refresh?(): Promise<void>;
  /**
   * One call, from inputs that are there to results that are: forward values that JavaScript (or Python) can read, training tensors
   * for an optimizer. A promise where the runtime has one.
   */
  run(): unknown;
  /**
   * What a call computes, for the check: forward `output` `[T, B, D*H]`, `hn`, and `cn` of an LSTM; training the gradients
   * `x` `[T, B, I]` and of each weight under its name.
   */
  results(): Promise<StateDict>;
  /** What the last call ran, of a runtime that chooses. */
  ran?(): string;
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

/**
 * Where the numbers of a call lie: in tensors that are there; in JavaScript, so that each call makes tensors of x and of the
 * gradient of the output; or on the GPU, where an op has left these, and in training an optimizer the weights.
 */
export type Data = 'tensors' | 'js' | 'gpu';

/** The backend of tfjs, for peers that run on it. */
export interface TfjsStart {
  /** Makes it the active one. */
  start(): Promise<void>;
  /** Whether its ops run on as many threads as the peer is started for. */
  readonly opsHaveThreads: boolean;
}

export interface PeerOptions {
  readonly tfjs: TfjsStart;
  readonly threads: number;
  readonly data: Data;
}

/** Every module of a runtime exports one. @throws Error with the remedy where the runtime is not installed. */
export type StartPeer = (options: PeerOptions) => Promise<Peer>;
