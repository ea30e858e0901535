/** The shapes of a two-layer GRU, as gru-shapes.py prints them. */

import './support/closed-pipe.js';
import * as tf from '@tensorflow/tfjs';
import { gru } from 'tfjs-torch-rnn';

tf.enableProdMode();
const layer = gru({ inputSize: 256, hiddenSize: 256, numLayers: 2 });
const x = tf.randomNormal([4, 10, 256]);
const { output, hn } = layer.forward(x);

console.log(`input  [${x.shape.join(', ')}]`); // batch, steps, input size
console.log(`output [${output.shape.join(', ')}]`); // batch, steps, hidden size: the last layer at every step
console.log(`hn     [${hn.shape.join(', ')}]`); // layers, batch, hidden size: every layer after the last step

tf.dispose([x, output, hn]);
layer.dispose();
