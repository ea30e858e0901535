import { customGrad, type Tensor } from '@tensorflow/tfjs-core';

/**
 * What `compute` returns, without a gradient. tfjs 4.22 looks for the gradient of every op between an input and the loss, and fails where
 * one has none, such as a comparison, though integers and booleans have no gradient in any case.
 */
export function offTape<T extends Tensor>(compute: () => T): T {
  return customGrad(() => ({ value: compute(), gradFunc: () => [] }))() as T;
}
