/**
 * Specs run on the engine in WebAssembly, whatever this machine has built. ENGINE=native: on the native one, which must be there.
 */

import { findNative } from '../../../src/kernels/host/runtime/find-native.js';

const { ENGINE = 'wasm' } = process.env;
if (ENGINE === 'wasm') process.env.TFJS_TORCH_RNN_NATIVE = '0';
else if (ENGINE !== 'native' || findNative().addon === undefined)
  throw new Error(`ENGINE: expected wasm, or native where \`npm run build:native\` has run; got ${ENGINE}`);
