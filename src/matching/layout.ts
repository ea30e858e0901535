/** How the values of a torch parameter lie in a layer's weight. */

import { elementCount } from '../state-dict/tensors/dtypes.js';
import { gather } from '../state-dict/tensors/strides.js';

/** A size that is not known yet is null, as in tf.layers. */
export type Sizes = readonly (number | null)[];

export interface TorchValues {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

export interface Layout {
  /** The shape of the torch parameter that belongs to a layer weight of this shape. */
  torchShape(layerShape: Sizes): Sizes;
  /** Whether a parameter of this shape can be loaded where `torchShape` differs. Absent: it cannot. */
  accepts?(found: readonly number[], layerShape: Sizes): boolean;
  /** A copy in the layer's order. */
  toLayer(torch: TorchValues, layerShape: readonly number[]): Float32Array;
  /** A copy in torch's order, or undefined where no torch parameter holds these values. */
  toTorch(values: Float32Array, layerShape: readonly number[]): TorchValues | undefined;
}

/** torch and the layer have the same order. */
export const identical: Layout = {
  torchShape: (layerShape) => layerShape,
  // A copy: the values may be a view of a whole file, and the cpu backend keeps the array it is given.
  toLayer: ({ values }) => values.slice(),
  toTorch: (values, layerShape) => ({ shape: layerShape, values: values.slice() }),
};

/** `axes[i]` is the torch axis that the layer has as axis i. */
export function permuted(axes: readonly number[]): Layout {
  const inverse = axes.map((_, i) => axes.indexOf(i));
  const torchShape = <T>(layerShape: readonly T[]): T[] => inverse.map((axis) => layerShape[axis] as T);
  return {
    torchShape,
    toLayer: ({ values, shape }) => permute(values, shape, axes),
    toTorch: (values, layerShape) => ({
      shape: torchShape(layerShape),
      values: permute(values, layerShape, inverse),
    }),
  };
}

/** A row-major copy with the axes in another order. */
function permute(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const sizes = axes.map((axis) => shape[axis] as number);
  const steps = axes.map((axis) => strides[axis] as number);
  return new Float32Array(gather(bytes, Float32Array.BYTES_PER_ELEMENT, sizes, steps).buffer);
}
