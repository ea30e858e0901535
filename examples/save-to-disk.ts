/** Saves a model with a GRU to a folder and loads it again, in plain Node. */

import './support/closed-pipe.js';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { gru } from 'tfjs-torch-rnn'; // importing it is what lets loadLayersModel know the layer
import { fileHandler } from './node-fs-handler.js';

tf.enableProdMode();
const folder = await mkdtemp(join(tmpdir(), 'gru-model-'));
try {
  const model = tf.sequential({
    layers: [
      gru({
        inputShape: [null, 16],
        hiddenSize: 32,
        numLayers: 2,
        bidirectional: true,
        returnSequences: false,
      }),
      tf.layers.dense({ units: 4 }),
    ],
  });
  await model.save(fileHandler(folder));
  console.log('saved ', (await readdir(folder)).sort().join(', '));

  const loaded = await tf.loadLayersModel(fileHandler(folder));
  const x = tf.randomNormal([3, 7, 16]);
  const difference = tf.tidy(() => {
    const [before, after] = [model.predict(x), loaded.predict(x)] as [tf.Tensor, tf.Tensor];
    return before.sub(after).abs().max().dataSync()[0];
  });
  console.log('loaded', `largest difference of the outputs ${difference}`);
  if (difference !== 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
