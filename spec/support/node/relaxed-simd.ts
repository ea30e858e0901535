/**
 * With RELAXED_SIMD=1 the specs run on the engine's faster build also on Node 20, which has relaxed SIMD behind a flag. Later
 * versions, and browsers, take that build by themselves.
 */

import { setFlagsFromString } from 'node:v8';
import { hasMultiplyAdd } from '../../../src/kernels/host/runtime/wasm.js';

if (process.env.RELAXED_SIMD === '1' && !hasMultiplyAdd()) {
  setFlagsFromString('--experimental-wasm-relaxed-simd');
  if (!hasMultiplyAdd()) throw new Error('RELAXED_SIMD: this version of Node has no relaxed SIMD');
}
