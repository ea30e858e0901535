/** Creating and writing the weights of tf.layers layers from outside: what every load ends with. */

import { type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { countUse, renameWeight } from '../../tfjs-internals.js';

/** Runs `body` in the name scope of a layer called `name`; `Layer.apply` is the only public door to one. */
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
 * Runs `body`, which builds some of these unbuilt layers; when it throws, all are unbuilt again and no tensor is left.
 *
 * The fields are put back as they were, whatever the class keeps of its build.
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

/** Lists are copied, because building adds to them. */
function fieldsOf(layer: layers.Layer): Record<string, unknown> {
  const copy = (value: unknown) => (Array.isArray(value) ? [...value] : value);
  return Object.fromEntries(Object.entries(layer).map(([key, value]) => [key, copy(value)]));
}

/**
 * Builds a layer as its first eager `apply` would, without a forward pass and with unknown sizes left open.
 *
 * The weights get the names that `model.save` writes (`gru/weight_ih_l0`); the caller owns the layer, as after any
 * eager use, and frees it with `dispose()`. When its build throws, the layer is as it was.
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
  // As `Layer.apply` counts the first eager use.
  countUse(layer);
}

/**
 * Gives weights the names that they would have been given here and now. A layer that is built alone, then with another
 * around it, has names in a saved model that tf.loadLayersModel would not find otherwise: it builds both at once.
 */
export function moveToScope(weights: ReadonlyMap<string, LayerVariable>): void {
  for (const [name, weight] of weights) {
    // A symbolic tensor is named like a weight, and holds nothing.
    const { originalName } = new SymbolicTensor('float32', [], null as never, [], {}, name);
    renameWeight(weight, originalName as string);
  }
}

/** A layer's weight by the name its class gave it, whatever the layer, a wrapper or a model put in front. */
export function findWeight(layer: layers.Layer, name: string): LayerVariable | undefined {
  return layer.weights.find(
    ({ originalName }) => originalName.slice(originalName.lastIndexOf('/') + 1) === name,
  );
}

export interface Assignment {
  readonly weight: LayerVariable;
  /** Row-major, owned by the weight afterwards. */
  readonly values: Float32Array;
}

/** Writes all values, bit for bit: a weight's constraint acts when it is trained, not when it is loaded. */
export function assignWeights(assignments: readonly Assignment[]): void {
  tidy(() => {
    // Whatever can fail (a disposed layer, memory) fails here, before the first weight changes.
    const pairs = assignments.map(({ weight, values }) => ({
      variable: weight.read() as Variable,
      value: tensor(values, weight.shape as number[], 'float32'),
    }));
    for (const { variable, value } of pairs) variable.assign(value);
  });
}
