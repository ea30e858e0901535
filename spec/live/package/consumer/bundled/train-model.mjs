// @ts-check
// What the programs that train have in common.
import { IDS, LEARNING_RATE, STEPS, TARGETS } from './values.mjs';

/** @param {unknown} result what the spec that opens the page waits for */
export const report = (result) => Object.assign(globalThis, { result });

/** @param {typeof import('@tensorflow/tfjs-backend-wasm').setWasmPaths} setWasmPaths */
export const setWasmFolder = (setWasmPaths) =>
  setWasmPaths('/node_modules/@tensorflow/tfjs-backend-wasm/dist/');

/**
 * @param {typeof import('@tensorflow/tfjs-core')} tf
 * @param {import('@tensorflow/tfjs-layers').LayersModel} model
 */
export async function train(tf, model) {
  model.compile({ optimizer: tf.train.sgd(LEARNING_RATE), loss: 'meanSquaredError' });
  const [ids, targets] = [tf.tensor2d(IDS), tf.tensor2d(TARGETS)];
  const losses = [];
  for (let step = 0; step < STEPS; step++) losses.push(await model.trainOnBatch(ids, targets));
  const { kernelNames } = await tf.profile(() => tf.tidy(() => void model.predict(ids)));
  const predictions = /** @type {import('@tensorflow/tfjs-core').Tensor} */ (model.predict(ids));
  return {
    losses,
    kernelNames,
    embedding: [...(await model.getWeights()[0].data())],
    predictions: [...(await predictions.data())],
  };
}
