import type { TensorDescription } from '../../state-dict/describe.js';
import { elementCount } from '../../state-dict/tensors/dtypes.js';

export interface Totals {
  /** Elements and bytes of all tensors, those of tied ones once. */
  readonly elements: number;
  readonly bytes: number;
}

export function totalsOf(tensors: ReadonlyMap<string, TensorDescription>): Totals {
  let [elements, bytes] = [0, 0];
  for (const { shape, byteLength, sameAs } of tensors.values()) {
    if (sameAs !== undefined) continue;
    elements += elementCount(shape);
    bytes += byteLength;
  }
  return { elements, bytes };
}
