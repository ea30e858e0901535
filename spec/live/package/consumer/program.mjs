// @ts-check
// What programs in pages, workers and runtimes have in common, with tfjs and the library handed in.
import { train } from './bundled/train-model.mjs';
import { stateDict } from './bundled/values.mjs';

/** @typedef {Pick<typeof import('tfjs-torch-rnn'), 'describeKernels' | 'gru' | 'loadStateDict'>} Library */

/**
 * The model that the programs train, with the weights of {@link stateDict}.
 *
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {Pick<Library, 'gru' | 'loadStateDict'>} library
 */
export function loadedModel(tf, { gru, loadStateDict }) {
  const model = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim: 7, outputDim: 5, inputShape: [4] }),
      gru({ name: 'gru', hiddenSize: 6, returnSequences: false }),
      tf.layers.dense({ name: 'fc', units: 1 }),
    ],
  });
  loadStateDict(model, stateDict);
  return model;
}

/**
 * The model gets its weights, trains, and tells what it ran on.
 *
 * @param {typeof import('@tensorflow/tfjs')} tf
 * @param {Library} library
 * @param {string} [backend] `cpu`, which needs no file of its own, unless it is chosen
 */
export async function program(tf, library, backend = 'cpu') {
  await tf.setBackend(backend);
  const result = await train(tf, loadedModel(tf, library));
  return { ...result, described: library.describeKernels().find(({ isActive }) => isActive) };
}
