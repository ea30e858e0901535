/** Finds and writes the weights of built layers. */

import { tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';

/** A layer's weights by the last part of their names, or parts; the layer, a wrapper and a model put theirs before it. */
export function weightsNamed(layer: layers.Layer, name: string): LayerVariable[] {
  return layer.weights.filter(({ originalName }) => `/${originalName}`.endsWith(`/${name}`));
}

/** The first of {@link weightsNamed}. */
export function findWeight(layer: layers.Layer, name: string): LayerVariable | undefined {
  return weightsNamed(layer, name)[0];
}

export interface Assignment {
  readonly variable: Variable;
  /** Row-major, of the variable's dtype, owned by the variable afterwards. */
  readonly values: Float32Array | Int32Array | Uint8Array;
}

/** Writes all values bit for bit: a weight's constraint acts in training, not in a load. */
export function assignWeights(assignments: readonly Assignment[]): void {
  tidy(() => {
    // Whatever can fail (memory) fails here, before the first weight changes.
    const pairs = assignments.map(({ variable, values }) => ({
      variable,
      value: tensor(values, variable.shape, variable.dtype),
    }));
    for (const { variable, value } of pairs) variable.assign(value);
  });
}
