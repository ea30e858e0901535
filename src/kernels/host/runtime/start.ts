/** Which engine a process runs: the native one where it is installed, else that in WebAssembly. */

import { workerPlatform } from '../threads/platform.js';
import type { Engine } from './engine.js';
import { findNative, giveUpNative, nativeVariable } from './find-native.js';
import { makeNativeEngine, nameOfSet } from './native.js';
import { isSupported, makeEngine } from './wasm.js';

/** @throws where it does not start: no memory, or a policy that forbids it. */
export function startEngine(): Engine {
  const { addon } = findNative();
  if (addon)
    try {
      return makeNativeEngine(addon, workerPlatform()?.processors ?? 1, nativeVariable());
    } catch (error) {
      giveUpNative(`the native engine does not start: ${error instanceof Error ? error.message : error}`);
    }
  return makeEngine();
}

/** Why no engine can start here; undefined where one may. */
export function whyNoEngine(): string | undefined {
  return findNative().addon || isSupported()
    ? undefined
    : 'this machine has no WebAssembly SIMD with shared memory';
}

/** What the engine is compiled to, in words, and why it is not the native one where that is installed and could be used. */
export function describeEngine(): { readonly compiledTo: string; readonly whyNotNative: string | undefined } {
  const { addon, reason } = findNative();
  const set = addon && (nativeVariable() || addon.sets()[0] || '');
  const compiledTo = set === undefined ? 'WebAssembly SIMD' : `${nameOfSet(set)}, natively`;
  return { compiledTo, whyNotNative: reason };
}
