/** A text classifier, Embedding -> GRU -> Linear on the last hidden state; gru-classifier.py is the original. */

import './support/closed-pipe.js';
import * as tf from '@tensorflow/tfjs';
import { gru } from 'tfjs-torch-rnn';

function gruClassifier(vocabSize: number, embeddingSize: number, hiddenSize: number, numClasses: number) {
  return tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim: vocabSize, outputDim: embeddingSize }),
      gru({ name: 'gru', hiddenSize, returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: numClasses }),
    ],
  });
}

tf.enableProdMode();
const model = gruClassifier(10000, 128, 128, 2);
const tokens = tf.randomUniformInt([8, 50], 0, 10000);
const logits = model.predict(tokens) as tf.Tensor;

console.log(`tokens     [${tokens.shape.join(', ')}]`);
console.log(`logits     [${logits.shape.join(', ')}]`);
console.log('parameters', model.countParams());

tf.dispose([tokens, logits]);
model.dispose();
