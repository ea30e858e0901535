/** Bounds on the sizes of layers, so that one that no machine can hold is refused at once. */

import { util } from '@tensorflow/tfjs-core';
import { message, showShape } from '../../check.js';

/** Elements of one weight: 4 GiB of float32, the whole memory of a WebAssembly module and all that one ArrayBuffer holds. */
const MAX_ELEMENTS = 2 ** 30;

/** Weights of one layer, each a variable of tfjs. */
const MAX_WEIGHTS = 2 ** 16;

/** @throws RangeError for a weight that cannot be allocated. */
export function checkElements(
  where: string,
  { hiddenSize, inputSize = 1 }: { readonly hiddenSize: number; readonly inputSize?: number | undefined },
  shapes: Iterable<readonly [name: string, shape: readonly number[]]>,
): void {
  const what = inputSize > hiddenSize ? 'inputSize' : 'hiddenSize';
  for (const [name, shape] of shapes) checkWeightShape(where, what, name, shape);
}

/** @throws RangeError for a weight that cannot be allocated; `what` is the argument that makes it so large. */
export function checkWeightShape(where: string, what: string, name: string, shape: readonly number[]): void {
  const elements = util.sizeFromShape([...shape]);
  if (elements <= MAX_ELEMENTS) return;
  const got = `${name} of shape ${showShape(shape)}`;
  throw new RangeError(message(where, what, `weights of at most ${MAX_ELEMENTS} elements each`, got));
}

/** @throws RangeError for more weights than any layer has. */
export function checkWeightCount(where: string, numLayers: number, weightsPerLayer: number): void {
  const most = Math.floor(MAX_WEIGHTS / weightsPerLayer);
  if (numLayers > most)
    throw new RangeError(message(where, 'numLayers', `an integer <= ${most}`, String(numLayers)));
}
