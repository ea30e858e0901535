/** What tf.layers passes either as one value or as a list. */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** The inputs and outputs of `Layer.apply`. */
export type LayerTensors = Tensor | Tensor[] | SymbolicTensor | SymbolicTensor[];

export function toList<T>(value: T | T[]): T[] {
  return Array.isArray(value) ? value : [value];
}

/** The shapes of x and of the states behind it. */
export function toShapes(inputShape: Shape | Shape[]): [Shape, ...Shape[]] {
  const isList = inputShape.some((entry) => Array.isArray(entry));
  return (isList ? inputShape : [inputShape]) as [Shape, ...Shape[]];
}
