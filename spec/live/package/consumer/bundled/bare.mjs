// @ts-check
// A bare import: the program names nothing of the package, and loads a saved model that holds its layer. With the
// packages of tfjs that are the peers, in place of the one that holds them all.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as core from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import 'tfjs-torch-rnn';
import { report, setWasmFolder, train } from './train-model.mjs';

setWasmFolder(setWasmPaths);
await core.setBackend('wasm');
report(await train(core, await loadLayersModel('/saved/torch/model.json')));
