import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/** A model, which may stand in another one as a layer. */
export interface Model extends layers.Layer {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
}

/** By what it has: a program may hold two copies of tfjs-layers. A layer may have other inputs and outputs. */
export function isModel(layer: layers.Layer): layer is Model {
  return Array.isArray((layer as { readonly layers?: unknown }).layers);
}
