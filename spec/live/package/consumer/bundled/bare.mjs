// @ts-check
// A bare import: the program names nothing of the package, and loads a saved model that holds its layer. With the
// packages of tfjs that are the peers, in place of the one that holds them all.

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import * as core from '@tensorflow/tfjs-core';
import { loadLayersModel } from '@tensorflow/tfjs-layers';
import 'tfjs-torch-rnn';
import { ORIGIN, report, startWasm, train } from './train-model.mjs';

await startWasm(core, setWasmPaths);
report(await train(core, await loadLayersModel(`${ORIGIN}/saved/torch/model.json`)));
