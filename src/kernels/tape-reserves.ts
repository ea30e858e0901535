/** What training calls have kept for their gradients, until the tape that recorded them is over. */

import { UnsupportedError } from '../errors.js';
import { liveTape } from '../tfjs-internals/tape.js';

/** Handles never repeat, not even among kernels or on another engine: a tape may outlive the engine that it was recorded on. */
let lastHandle = 0;

export function nextHandle(): number {
  return ++lastHandle;
}

/**
 * The memory of kernels that belongs to a tape. tfjs copies and disposes tensors unseen, so a tensor cannot own memory; the tape
 * bounds its life. There is one tape at a time: gradients inside each other share it.
 */
export class TapeReserves<Reserve> {
  private tape: object | undefined;
  private readonly reserves = new Map<number, Reserve>();

  /** @param release frees one that no tape needs any more. */
  constructor(private readonly release: (reserve: Reserve) => void) {}

  /** @returns the handle under which `get` finds it, until the tape that records now is over. */
  add(reserve: Reserve): number {
    this.tape = liveTape();
    const handle = nextHandle();
    this.reserves.set(handle, reserve);
    return handle;
  }

  get(handle: number): Reserve {
    return this.reserves.get(handle) ?? gone();
  }

  /** Frees what no tape needs any more. */
  sweep(): void {
    if (this.isInUse()) return;
    this.tape = undefined;
    for (const reserve of this.reserves.values()) this.release(reserve);
    this.reserves.clear();
  }

  protected isInUse(): boolean {
    return this.tape !== undefined && this.tape === liveTape();
  }
}

export function gone(): never {
  throw new UnsupportedError(
    'gradient of a recurrent layer: tape: expected the one that recorded the call, got none: it is over, or its engine was ' +
      'lost. Compute the loss and its gradient again',
  );
}
