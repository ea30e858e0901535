/** When a function of several tf calls disposes what it works with. */

import type { Tensor } from '@tensorflow/tfjs-core';

/** Tensors that nobody needs once the function that got them has used them. */
const lent = new WeakSet<Tensor>();

/** Runs `body`, which may `release` these tensors. What it has not released is its caller's again. */
export function lending<T>(tensors: readonly Tensor[], body: () => T): T {
  for (const tensor of tensors) lent.add(tensor);
  try {
    return body();
  } finally {
    for (const tensor of tensors) lent.delete(tensor);
  }
}

/** Disposes an argument after its last use, where it was lent; others are their owner's. */
export function release(...tensors: readonly Tensor[]): void {
  for (const tensor of tensors) if (lent.delete(tensor)) tensor.dispose();
}

/** Runs `body`, which uses tensors that are needed after it: nothing releases them meanwhile. */
export function keeping<T>(tensors: readonly Tensor[], body: () => T): T {
  const kept = tensors.filter((tensor) => lent.delete(tensor));
  const result = body();
  for (const tensor of kept) lent.add(tensor);
  return result;
}

type Step = (value: Tensor) => Tensor;

/**
 * Applies functions one after the other. What each makes is lent to the next, and disposed as soon as that has used it; x is needed
 * after them.
 */
export function inTurn(x: Tensor, ...steps: readonly Step[]): Tensor {
  return keeping([x], () => usingUp(x, ...steps));
}

/** As `inTurn`, but nothing uses x after the first function: it is released. */
export function usingUp(x: Tensor, ...steps: readonly Step[]): Tensor {
  let value = x;
  for (const step of steps) {
    const next = step(value);
    // A step may return what it gets.
    if (next === value) continue;
    release(value);
    lent.add(next);
    value = next;
  }
  if (value !== x) lent.delete(value);
  return value;
}

/**
 * Combines tensors, each prepared by itself, and applies functions to what they give. All are disposed as `usingUp` does it.
 *
 * @param tensors different ones.
 */
export function usingUpAll(
  tensors: readonly Tensor[],
  prepare: Step,
  combine: (...prepared: Tensor[]) => Tensor,
  ...steps: readonly Step[]
): Tensor {
  const prepared = tensors.map((x) => {
    const next = usingUp(x, prepare);
    if (next !== x) lent.add(next);
    return next;
  });
  const made = combine(...prepared);
  release(...prepared);
  return lending([made], () => usingUp(made, ...steps));
}
