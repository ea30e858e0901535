/** The requests to a peer's process, one JSON a line, and its answers. serve.ts and torch_peer.py implement it. */

import type { BenchCase } from './cases.js';

export type Request =
  /** Reads the numbers from a safetensors file, prepares the case, and frees the case before. */
  | { readonly command: 'prepare'; readonly case: BenchCase; readonly numbers: string }
  /** Writes the results of a call to a safetensors file. */
  | { readonly command: 'results'; readonly file: string }
  | ({ readonly command: 'measure' } & Block);

/** One block of calls in a row. */
export interface Block {
  /**
   * Calls that are not measured come first for this long, none when it is 0: caches and the clock settle, and the threads of
   * the peer before stop spinning.
   */
  readonly warmMs: number;
  /** Then measured ones, at least one and at most `maxRuns`, for this long. */
  readonly blockMs: number;
  readonly maxRuns: number;
}

export interface Measured {
  /** Milliseconds of each call. */
  readonly times: readonly number[];
  /** Milliseconds of processor time a call, all threads of the process. */
  readonly cpu: number;
}

/** The first line, unasked. */
export interface Hello {
  readonly versions: Readonly<Record<string, string>>;
  readonly hasThreads: boolean;
}

export type Answer<T> = { readonly result: T } | { readonly error: string };
