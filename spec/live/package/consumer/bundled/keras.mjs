// @ts-check
// A model of Keras that loadKerasModel converted and tfjs saved loads where the entry is imported, by tfjs alone.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as core from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import 'tfjs-torch-rnn/keras';
import { report, setWasmFolder } from './train-model.mjs';

setWasmFolder(setWasmPaths);
await core.setBackend('wasm');
const model = await loadLayersModel('/saved/keras/model.json');
const { shape, values } = await (await fetch('/saved/keras/input.json')).json();
/** @type {core.Tensor | undefined} */
let output;
const { kernelNames } = await core.profile(() => {
  output = /** @type {core.Tensor} */ (model.predict(core.tensor(values, shape)));
});
report({ kernelNames, predictions: [...((await output?.data()) ?? [])] });
