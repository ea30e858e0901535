/** The classifier of the fixture lengths.json as a model of tf.layers. */

import * as tf from '@tensorflow/tfjs';
import { gru, lastStep, lengthMask, loadStateDict, maskedMean } from '../../../src/index.js';
import { type LengthsFixture, lengthsFixture } from '../../support/fixtures.js';

const { lengths, last, mean } = lengthsFixture();

export const LENGTHS = lengths;
export const CLASSIFIERS = { last, mean };

export type Pooling = keyof typeof CLASSIFIERS;

const POOLING = { last: lastStep, mean: maskedMean };

export function idsOf({ ids }: LengthsFixture): tf.Tensor2D {
  return tf.tensor2d(ids.data, [...ids.shape] as [number, number], 'int32');
}

/** Loaded from the fixture; its inputs are ids `[B, T]` and lengths `[B, 1]`. */
export function classifier(pooling: Pooling, dtype: 'int32' | 'float32' = 'int32'): tf.LayersModel {
  const ids = tf.input({ shape: [null], dtype: 'int32' });
  const lengths = tf.input({ shape: [1], dtype });
  const chain = (...layers: tf.layers.Layer[]) =>
    layers.reduce<tf.SymbolicTensor>((x, layer) => layer.apply(x) as tf.SymbolicTensor, ids);
  const features = chain(
    tf.layers.embedding({ name: 'embedding', inputDim: 11, outputDim: 5 }),
    tf.layers.conv1d({ name: 'conv', filters: 6, kernelSize: 3, padding: 'same' }),
    tf.layers.leakyReLU({ alpha: 0.2 }),
  );
  const masked = lengthMask().apply([features, lengths]) as tf.SymbolicTensor;
  const output = gru({ name: 'gru', hiddenSize: 4, bidirectional: true }).apply(masked) as tf.SymbolicTensor;
  const pooled = POOLING[pooling]().apply(output) as tf.SymbolicTensor;
  const logits = tf.layers.dense({ name: 'fc', units: 3 }).apply(pooled) as tf.SymbolicTensor;
  const model = tf.model({ inputs: [ids, lengths], outputs: logits });
  loadStateDict(model, CLASSIFIERS[pooling].stateDict);
  return model;
}
