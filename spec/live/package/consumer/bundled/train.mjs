// @ts-check
// Named imports, which bundlers follow past the package's root: the model gets its weights, and trains on wasm.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { report, startWasm, train } from './train-model.mjs';
import { stateDict } from './values.mjs';

await startWasm(tf, setWasmPaths);
const model = tf.sequential({
  layers: [
    tf.layers.embedding({ name: 'embedding', inputDim: 7, outputDim: 5, inputShape: [4] }),
    gru({ name: 'gru', hiddenSize: 6, returnSequences: false }),
    tf.layers.dense({ name: 'fc', units: 1 }),
  ],
});
loadStateDict(model, stateDict);
const result = await train(tf, model);
report({ ...result, described: describeKernels().find(({ backend }) => backend === 'wasm') });
