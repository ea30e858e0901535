/** What training calls have kept for their gradients, until the tape that recorded them is over. */

import { engine as tfEngine } from '@tensorflow/tfjs-core';
import type { StackGradient } from './gradient.js';
import type { Reserve } from './stack.js';

interface Entry {
  readonly reserve: Reserve;
  /** tfjs makes a new one for every gradient, and forgets it when the gradients are there. */
  readonly tape: unknown;
  gradient?: StackGradient;
}

/**
 * The tape that records, or that gradients are being made of. A loss or a gradient that throws leaves its tape behind as the
 * active one: nothing is recorded any more then, and the scope of gradients is closed.
 */
function liveTape(): unknown {
  const { activeTape, gradientDepth, scopeStack } = tfEngine().state;
  return gradientDepth > 0 || scopeStack.some(({ name }) => name === 'backward') ? activeTape : undefined;
}

/** Never the same twice, whichever engine it was: a tape may outlive one that has lost a worker. */
let lastHandle = 0;

/**
 * A kernel's output can be copied and disposed without a word to the kernel, so a tensor cannot own memory of the engine. The
 * tape can: it is the only one to ask for gradients, and whether it is over shows at the next call.
 */
export class Reserves {
  private readonly entries = new Map<number, Entry>();

  /** @returns the handle under which the gradient finds it. */
  add(reserve: Reserve): number {
    lastHandle++;
    this.entries.set(lastHandle, { reserve, tape: tfEngine().state.activeTape });
    return lastHandle;
  }

  get(handle: number): Entry {
    const entry = this.entries.get(handle);
    if (entry === undefined)
      throw new Error(
        'the gradient of a recurrent layer was asked for after its tape was over, or its engine lost',
      );
    return entry;
  }

  /** Frees what no tape needs any more. */
  sweep(): void {
    const live = liveTape();
    for (const [handle, { reserve, tape }] of this.entries) {
      if (tape === live) continue;
      reserve.scope.release();
      for (const packed of reserve.weights) packed.users--;
      this.entries.delete(handle);
    }
  }
}
