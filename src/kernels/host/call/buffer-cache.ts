/** The buffers of calls that come again with the same shape: the steps of a stream, of a decoder. */

import type { KernelBackend } from '@tensorflow/tfjs-core';
import type { PackedWeights } from '../weights/packed-weights.js';
import type { CallBuffers } from './call-buffers.js';
import type { Plan } from './plan.js';

/** Buffers that are kept: a program may run so many layers in turns. */
const MOST = 8;

/** 256 KiB. Allocating the buffers of a larger call costs little beside the call. */
const MOST_FLOATS = 2 ** 16;

/** What the buffers of a call depend on beside the call's plan. */
export interface BufferKey {
  readonly backend: KernelBackend;
  readonly plan: Plan;
  /** Threads that there are. */
  readonly threads: number;
}

interface Entry extends BufferKey {
  readonly buffers: CallBuffers;
}

/** The buffers of a few small calls, those used last. Only calls of inference without lengths have theirs here. */
export class BufferCache {
  /** The one used last is the first. */
  private readonly entries: Entry[] = [];

  /** The buffers of such calls whose jobs read these weights, or weights that are gone. */
  find(key: BufferKey, weights: readonly PackedWeights[]): CallBuffers | undefined {
    const i = this.entries.findIndex((entry) => isSame(entry, key) && entry.buffers.canTake(weights));
    if (i < 0) return undefined;
    const entry = this.entries[i] as Entry;
    if (i > 0) {
      this.entries.splice(i, 1);
      this.entries.unshift(entry);
    }
    return entry.buffers;
  }

  /** @returns whether the buffers are kept; otherwise the caller releases them. */
  keep(key: BufferKey, buffers: CallBuffers): boolean {
    if (buffers.floats > MOST_FLOATS) return false;
    this.entries.unshift({ ...key, buffers });
    for (const old of this.entries.splice(MOST)) old.buffers.release();
    return true;
  }

  /** Releases all buffers. */
  clear(): void {
    for (const { buffers } of this.entries.splice(0)) buffers.release();
  }
}

function isSame(a: BufferKey, b: BufferKey): boolean {
  return a.backend === b.backend && a.threads === b.threads && isSamePlan(a.plan, b.plan);
}

/** Whether two calls have the same shape. Whether they have biases is told by their weights. */
function isSamePlan(a: Plan, b: Plan): boolean {
  return (
    a.cell === b.cell &&
    a.steps === b.steps &&
    a.batch === b.batch &&
    a.inputSize === b.inputSize &&
    a.hiddenSize === b.hiddenSize &&
    a.projSize === b.projSize &&
    a.directions === b.directions &&
    a.layers === b.layers &&
    a.call.batchFirst === b.call.batchFirst &&
    a.call.states === b.call.states
  );
}
