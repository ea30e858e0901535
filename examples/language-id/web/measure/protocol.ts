/** What the tab and the worker of a backend say to each other. */

import type { Backend } from '../backends.js';
import type { Size } from './sizes.js';

/** Layers of the same size, in the order in which they run. */
export const CONTESTANTS = {
  layer: 'gru of this package',
  reference: 'its reference, in tf ops',
  tfLayers: 'tf.layers.gru',
} as const;

export type Contestant = keyof typeof CONTESTANTS;

export const CONTESTANT_NAMES = Object.keys(CONTESTANTS) as Contestant[];

export interface Request {
  readonly backend: Backend;
  readonly size: Size;
}

export interface Result {
  /** Median of the calls, each from numbers in JavaScript to numbers in JavaScript. */
  readonly milliseconds: number;
  /** Calls that were measured. */
  readonly calls: number;
  /** What the layer of this package ran, and why, where it was not the fused kernel. */
  readonly note: string | undefined;
}

export type Reply =
  | { readonly kind: 'running'; readonly contestant: Contestant }
  | { readonly kind: 'result'; readonly contestant: Contestant; readonly result: Result }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };
