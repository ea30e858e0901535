// @ts-check
// Named imports, which bundlers follow past the package's root: the model gets its weights, and trains on wasm.
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { describeKernels, gru, loadStateDict } from 'tfjs-torch-rnn';
import { program } from '../program.mjs';
import { report, setWasmFolder } from './train-model.mjs';

setWasmFolder(setWasmPaths);
report(await program(tf, { describeKernels, gru, loadStateDict }, 'wasm'));
