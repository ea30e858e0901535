/** What training calls have kept for their gradients, until the tape that recorded them is over. */

import { UnsupportedError } from '../../../errors.js';
import { liveTape } from '../../../tfjs-internals/tape.js';
import type { Reserve } from '../call/forward.js';
import type { StackGradient } from './gradient.js';

/** Handles never repeat, not even on another engine: a tape may outlive the engine that it was recorded on. */
let lastHandle = 0;

/**
 * The memory of the engine that belongs to a tape. tfjs copies and disposes tensors unseen, so a tensor cannot own memory; the
 * tape bounds its life. There is one tape at a time: gradients inside each other share it.
 */
export class Reserves {
  private tape: object | undefined;
  private readonly reserves = new Map<number, Reserve>();
  /** Of the node that is being differentiated: all its products are made before the `backward` of the next. */
  private gradient: { readonly handle: number; readonly made: StackGradient } | undefined;

  /** @returns the handle under which `get` finds it, until the tape that records now is over. */
  add(reserve: Reserve): number {
    this.tape = liveTape();
    this.reserves.set(++lastHandle, reserve);
    return lastHandle;
  }

  get(handle: number): Reserve {
    return this.reserves.get(handle) ?? gone();
  }

  /** @returns the handle under which `gradientOf` finds it, until the next one is added or the tape is over. */
  addGradient(made: StackGradient): number {
    this.gradient?.made.release();
    this.gradient = { handle: ++lastHandle, made };
    return lastHandle;
  }

  gradientOf(handle: number): StackGradient {
    return this.gradient?.handle === handle ? this.gradient.made : gone();
  }

  /** Frees what no tape needs any more. */
  sweep(): void {
    if (this.tape === undefined || this.tape === liveTape()) return;
    this.tape = undefined;
    this.gradient?.made.release();
    this.gradient = undefined;
    for (const { scope, weights } of this.reserves.values()) {
      scope.release();
      for (const packed of weights) {
        packed.users--;
        if (packed.users === 0) packed.releaseRowMajor();
      }
    }
    this.reserves.clear();
  }
}

function gone(): never {
  throw new UnsupportedError(
    'gradient of a recurrent layer: tape: expected the one that recorded the call, got none: it is over, or its engine was ' +
      'lost. Compute the loss and its gradient again',
  );
}
