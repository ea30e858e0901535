// @ts-check
// Writes, under saved/, the files that bundled programs fetch. converted-keras.json is a model as Keras's converter writes it.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { gru, loadStateDict, saveSafetensors } from 'tfjs-torch-rnn';
import { loadKerasModel } from 'tfjs-torch-rnn/keras';
import { stateDict } from './bundled/values.mjs';
import { loadedModel } from './program.mjs';

/**
 * @param {string} folder
 * @param {import('@tensorflow/tfjs').LayersModel} model
 */
async function save(folder, model) {
  mkdirSync(folder, { recursive: true });
  const handler = tf.io.withSaveHandler(async (artifacts) => {
    const { modelTopology, weightSpecs: weights, weightData } = artifacts;
    const manifest = [{ paths: ['weights.bin'], weights }];
    writeFileSync(`${folder}/model.json`, JSON.stringify({ modelTopology, weightsManifest: manifest }));
    writeFileSync(`${folder}/weights.bin`, new Uint8Array(/** @type {ArrayBuffer} */ (weightData)));
    return { modelArtifactsInfo: tf.io.getModelArtifactsInfoForJSON(artifacts) };
  });
  await model.save(handler);
}

await tf.setBackend('cpu');
await save('saved/torch', loadedModel(tf, { gru, loadStateDict }));
await saveSafetensors('saved/weights.safetensors', stateDict);
const tensors = [...stateDict].map(([key, { shape, data }]) => [key, { shape, data: [...data] }]);
writeFileSync('saved/weights.json', JSON.stringify(Object.fromEntries(tensors)));

const { artifacts, weights, input } = JSON.parse(readFileSync('converted-keras.json', 'utf8'));
const weightData = new Uint8Array(Buffer.from(weights, 'base64')).buffer;
await save('saved/keras', await loadKerasModel(tf.io.fromMemory({ ...artifacts, weightData })));
writeFileSync('saved/keras/input.json', JSON.stringify(input));
