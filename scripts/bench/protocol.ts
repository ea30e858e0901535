/** The requests to a peer's process, one JSON a line, and its answers. serving.ts and torch_peer.py implement it. */

import type { GpuWork } from '../../spec/support/gpu-work.js';
import type { BenchCase } from './cases.js';

export type Request =
  /** Reads the numbers from a safetensors file, prepares the case, and frees the case before. */
  | { readonly command: 'prepare'; readonly case: BenchCase; readonly numbers: string }
  /** Writes the results of a call to a safetensors file. */
  | { readonly command: 'results'; readonly file: string }
  | ({ readonly command: 'measure' } & Block)
  /** Pages only: tfjs's first op, then the first call of the case. */
  | { readonly command: 'first' }
  /** Pages only: the work of a call on the GPU. */
  | { readonly command: 'work' };

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
  /** Milliseconds of each call; where the clock is coarse, means over some calls in a row. */
  readonly times: readonly number[];
  /** Milliseconds of processor time a call, all threads of the process; absent where a peer cannot know. */
  readonly cpu?: number;
  /** What the last call ran, of a peer that chooses. */
  readonly ran?: string;
}

/** Milliseconds, in a page that has done nothing yet. */
export interface FirstCall {
  readonly op: number;
  readonly call: number;
}

export interface Work extends GpuWork {
  /** Of all calls of the page up to this one. */
  readonly programs: number;
  readonly ran?: string;
}

/** The first line, unasked. */
export interface Hello {
  readonly versions: Readonly<Record<string, string>>;
  readonly hasThreads: boolean;
}

export type Answer<T> = { readonly result: T } | { readonly error: string };
