/** The layers of tfjs that treat masks otherwise than Keras, and the names of those that take their place. */

import { serialization } from '@tensorflow/tfjs-core';
import type { layers } from '@tensorflow/tfjs-layers';

/** Layers that read a mask step by step. */
export const RECURRENT_CLASSES = ['Bidirectional', 'ConvLSTM2D', 'GRU', 'LSTM', 'RNN', 'SimpleRNN'];

/** Activations that hand their mask on in Keras, and lose it in tfjs. */
export const ACTIVATION_CLASSES = ['ELU', 'LeakyReLU', 'Rescaling', 'ThresholdedReLU'];

export const MERGE_CLASSES = ['Add', 'Average', 'Concatenate', 'Maximum', 'Minimum', 'Multiply'];

/** A class of layers, of tfjs. */
export type LayerClass = new (args: never) => layers.Layer;

/** The name in saved models. */
export function maskedClassName(name: string): string {
  return `TorchKerasMasked${name}`;
}

/** A class of tfjs by its name: its package exports hardly any. Who calls it as a module is loaded imports the package first. */
export function tfjsClass(name: string): LayerClass {
  const found = serialization.SerializationMap.getMap().classNameMap[name];
  if (found === undefined) throw new Error(`tfjs has no layer class ${name}`);
  return found[0] as unknown as LayerClass;
}
