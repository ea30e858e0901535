/**
 * Specs run on the engine in WebAssembly, whatever this machine has built. ENGINE=native: on the native one, which must be there, on the
 * instruction set that TFJS_TORCH_RNN_NATIVE names.
 */

import { findNative, nativeVariable } from '../../../src/kernels/host/runtime/find-native.js';

const { ENGINE = 'wasm' } = process.env;
if (ENGINE === 'wasm') process.env.TFJS_TORCH_RNN_NATIVE = '0';
else {
  const { addon } = findNative();
  if (ENGINE !== 'native' || addon === undefined)
    throw new Error(`ENGINE: expected wasm, or native where \`npm run build:native\` has run; got ${ENGINE}`);
  const [set, sets] = [nativeVariable(), addon.sets()];
  if (set !== '' && !sets.includes(set))
    throw new Error(`TFJS_TORCH_RNN_NATIVE: this processor has ${sets.join(' and ')}; got ${set}`);
}
