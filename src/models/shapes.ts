import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { findWeight } from '../layers/weights/weights.js';
import { shapeFits } from '../matching/faults.js';
import type { Layer, ModuleKind, Parameter } from './modules/index.js';

/** Whether a tensor of this shape in the file can be loaded into the weight of `parameter`. */
export function fits({ layout, shape }: Parameter, found: readonly number[]): boolean {
  return shapeFits(found, layout.torchShape(shape)) || (layout.accepts?.(found, shape) ?? false);
}

/**
 * A layer's parameters with all that the layer itself tells of their shapes: as built, or as its inputShape makes them.
 *
 * @throws UnsupportedError for a weight that is not float32.
 */
export function knownParameters(where: string, layer: Layer, kind: ModuleKind): Parameter[] {
  if (!layer.built) return kind.parameters(layer, layer.batchInputShape ?? null);
  return kind.parameters(layer, null).map((parameter) => asBuilt(where, layer, parameter));
}

function asBuilt(where: string, layer: Layer, parameter: Parameter): Parameter {
  const weight = findWeight(layer, parameter.weight);
  if (weight === undefined || weight.dtype !== 'float32') {
    const rule = `a float32 weight "${parameter.weight}"`;
    const remedy = 'Make it with tf.layers, without a dtype';
    throw new UnsupportedError(
      message(where, `layer "${layer.name}"`, rule, weight?.dtype ?? 'none', remedy),
    );
  }
  return { ...parameter, shape: weight.shape };
}
