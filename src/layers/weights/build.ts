/** Builds layers of tf.layers from outside, as a load does. */

import { type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { countUse, renameWeight } from '../../tfjs-internals/layers.js';

/** Runs `body` in the name scope of a layer called `name`: only `Layer.apply` opens one in tfjs's public interface. */
class NameScope extends layers.Layer {
  static readonly className = 'TorchNameScope';

  constructor(
    name: string,
    private readonly body: () => void,
  ) {
    super({ name });
  }

  override call(inputs: Tensor | Tensor[]): Tensor | Tensor[] {
    this.body();
    return inputs;
  }
}

/**
 * Runs `body`, which builds some of these unbuilt layers. When it throws, all are unbuilt again and no tensor is left.
 *
 * It restores every field, because any class may keep something of its build.
 */
export function buildAllOrNone(unbuilt: readonly layers.Layer[], body: () => void): void {
  const before = unbuilt.map((layer) => ({
    layer,
    weights: new Set(layer.weights),
    fields: fieldsOf(layer),
  }));
  try {
    body();
  } catch (error) {
    for (const { layer, weights, fields } of before) {
      for (const weight of layer.weights) if (!weights.has(weight)) weight.dispose();
      for (const key of Object.keys(layer)) if (!(key in fields)) Reflect.deleteProperty(layer, key);
      Object.assign(layer, fields);
    }
    throw error;
  }
}

/** The fields of a layer. Lists are copied, because a build adds to them. */
function fieldsOf(layer: layers.Layer): Record<string, unknown> {
  const copy = (value: unknown) => (Array.isArray(value) ? [...value] : value);
  return Object.fromEntries(Object.entries(layer).map(([key, value]) => [key, copy(value)]));
}

/**
 * Builds a layer as its first eager `apply` would, without a forward pass; unknown sizes stay open.
 *
 * The weights get the names that `model.save` writes (`gru/weight_ih_l0`). The caller owns the layer, as after any eager
 * use, and frees it with `dispose()`. When the build throws, the layer is as it was.
 */
export function buildLayer(layer: layers.Layer, scope: string, inputShape: Shape): void {
  buildAllOrNone([layer], () =>
    tidy(() => {
      new NameScope(scope, () => {
        layer.build(inputShape);
        layer.built = true;
        if (layer.initialWeights) layer.setWeights(layer.initialWeights);
      }).apply(tensor(0));
    }),
  );
  // tfjs refuses to dispose an unused layer; `Layer.apply` counts the first eager use in the same way.
  countUse(layer);
}

/**
 * Gives weights the names that they would get in the current name scope. tf.loadLayersModel builds a wrapper and its layer
 * at once, and finds weights by these names only; a layer that was built before its wrapper has others.
 */
export function moveToScope(weights: ReadonlyMap<string, LayerVariable>): void {
  for (const [name, weight] of weights) {
    // A symbolic tensor gets its name as a weight does, and holds nothing.
    const { originalName } = new SymbolicTensor('float32', [], null as never, [], {}, name);
    renameWeight(weight, originalName as string);
  }
}
