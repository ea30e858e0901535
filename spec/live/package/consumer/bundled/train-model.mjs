// @ts-check
// What the bundles that train have in common. ORIGIN is the server that as-web-worker.mjs names.
import { IDS, LEARNING_RATE, STEPS, TARGETS } from './values.mjs';

/** @type {string} */
export const ORIGIN = Reflect.get(globalThis, 'ORIGIN');

/** @param {object} result which the last line of the output is */
export const report = (result) => console.log(JSON.stringify(result));

/**
 * @param {typeof import('@tensorflow/tfjs-core')} tf
 * @param {typeof import('@tensorflow/tfjs-backend-wasm').setWasmPaths} setWasmPaths
 */
export async function startWasm(tf, setWasmPaths) {
  setWasmPaths(`${ORIGIN}/node_modules/@tensorflow/tfjs-backend-wasm/dist/`);
  // Node has no Worker of the web, which tfjs's threads need.
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (!(await tf.setBackend('wasm'))) throw new Error('the wasm backend does not start');
}

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
