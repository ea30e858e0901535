/** Gradients where those of tfjs are not torch's. */

import {
  broadcast_util,
  customGrad,
  type GradSaveFunc,
  reshape,
  sum,
  Tensor,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { keeping } from '../../../nn/in-turn.js';
import { offTape } from '../../../nn/off-tape.js';
import { liveTape } from '../../../tfjs-internals/tape.js';

/**
 * A value with its own gradients.
 *
 * @param compute gives a new tensor.
 * @param gradients gets the gradient of the value, the inputs and the value, and gives the gradients of the inputs.
 */
export function withGradient<const I extends readonly Tensor[]>(
  inputs: I,
  compute: (...inputs: I) => Tensor,
  gradients: (dy: Tensor, inputs: I, value: Tensor) => Tensor[],
): Tensor {
  // Without a tape the value is all.
  if (liveTape() === undefined) return compute(...inputs);
  const op = customGrad((...args) => {
    const save = args.pop() as unknown as GradSaveFunc;
    const given = args as unknown as I;
    const value = keeping(given, () => compute(...given));
    save([...given, value]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) =>
      gradients(dy, saved.slice(0, -1) as unknown as I, saved.at(-1) as Tensor);
    return { value, gradFunc };
  });
  return op(...inputs);
}

/** A gradient summed over the axes along which an operand was broadcast. */
export function sumTo(gradient: Tensor, { shape }: Tensor): Tensor {
  const axes = broadcast_util.getReductionAxes(shape, gradient.shape);
  if (axes.length === 0) return gradient;
  return gradient.size === 0 ? zeros(shape) : reshape(sum(gradient, axes), shape);
}

/** The gradient where a mask holds, and 0 elsewhere: also where it would be 0 * Infinity. The mask is a constant. */
export function gradientWhere(
  mask: () => Tensor,
  gradient: Tensor | (() => Tensor),
  otherwise: Tensor | number = 0,
): Tensor {
  const inside = gradient instanceof Tensor ? gradient : gradient();
  return where(offTape(mask), inside, otherwise);
}
