/** Layouts of calls that come again with the same shape: the steps of a stream, of a decoder. */

import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { RecurrentAttrs } from '../contract.js';
import type { Layout } from './layout.js';

/** As many layers as a program runs in turns. */
const MOST = 8;

/** 256 KiB. To lay out a larger call costs little beside the call. */
const MOST_FLOATS = 2 ** 16;

interface Entry {
  readonly backend: KernelBackend;
  readonly attrs: RecurrentAttrs;
  readonly shape: readonly number[];
  /** Threads that there were. */
  readonly threads: number;
  readonly layout: Layout;
}

/** The layouts used last, a few small ones: inference only, without lengths. */
export class Layouts {
  /** The one used last is the first. */
  private entries: Entry[] = [];

  /** @param attrs those of a layer, one object from call to call. */
  find(
    backend: KernelBackend,
    attrs: RecurrentAttrs,
    shape: readonly number[],
    threads: number,
  ): Layout | undefined {
    const i = this.entries.findIndex(
      (entry) =>
        entry.attrs === attrs &&
        entry.backend === backend &&
        entry.threads === threads &&
        entry.shape.every((size, axis) => size === shape[axis]),
    );
    if (i < 0) return undefined;
    const entry = this.entries[i] as Entry;
    if (i > 0) {
      this.entries.splice(i, 1);
      this.entries.unshift(entry);
    }
    return entry.layout;
  }

  /** @returns whether it is kept; its memory is the caller's to release otherwise. */
  keep(
    backend: KernelBackend,
    attrs: RecurrentAttrs,
    shape: readonly number[],
    threads: number,
    layout: Layout,
  ): boolean {
    if (layout.floats > MOST_FLOATS) return false;
    this.entries.unshift({ backend, attrs, shape: [...shape], threads, layout });
    for (const old of this.entries.splice(MOST)) old.layout.release();
    return true;
  }

  /** Gives all their memory back. */
  clear(): void {
    for (const { layout } of this.entries.splice(0)) layout.release();
  }
}
