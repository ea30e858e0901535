/** What training calls have kept in the engine for their gradients. */

import { gone, nextHandle, TapeReserves } from '../../tape-reserves.js';
import type { Reserve } from '../call/forward.js';
import type { StackGradient } from './gradient.js';

export class Reserves extends TapeReserves<Reserve> {
  /** Of the node that is being differentiated: all its products are made before the `backward` of the next. */
  private gradient: { readonly handle: number; readonly made: StackGradient } | undefined;

  constructor() {
    super(({ scope, weights }) => {
      scope.release();
      for (const packed of weights) {
        packed.users--;
        if (packed.users === 0) packed.releaseRowMajor();
      }
    });
  }

  /** @returns the handle under which `gradientOf` finds it, until the next one is added or the tape is over. */
  addGradient(made: StackGradient): number {
    this.gradient?.made.release();
    this.gradient = { handle: nextHandle(), made };
    return this.gradient.handle;
  }

  gradientOf(handle: number): StackGradient {
    return this.gradient?.handle === handle ? this.gradient.made : gone();
  }

  override sweep(): void {
    if (this.isInUse()) return;
    this.gradient?.made.release();
    this.gradient = undefined;
    super.sweep();
  }
}
