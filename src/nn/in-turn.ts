import type { Tensor } from '@tensorflow/tfjs-core';

/** Applies functions one after the other. What each makes is disposed as soon as the next has used it; x is the caller's. */
export function inTurn(x: Tensor, ...steps: readonly ((value: Tensor) => Tensor)[]): Tensor {
  let value = x;
  for (const step of steps) {
    const next = step(value);
    // A step may return what it gets.
    if (value !== x && next !== value) value.dispose();
    value = next;
  }
  return value;
}
