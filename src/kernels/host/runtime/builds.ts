/** The compiled builds of the engine, which the package holds in one deflated stream. */

import { inflateSync } from 'fflate';
import { BUILD_SIZES, DEFLATED_BUILDS, SLICE } from './engine.wasm.js';

/** Inflated by a library: a first call is synchronous, and browsers inflate only asynchronously. */
export function buildOf(name: keyof typeof BUILD_SIZES): Uint8Array<ArrayBuffer> {
  const slices = inflateSync(Uint8Array.from(atob(DEFLATED_BUILDS), (character) => character.charCodeAt(0)));
  const build = new Uint8Array(BUILD_SIZES[name]);
  let from = 0;
  for (let at = 0; from < slices.length; at += SLICE)
    for (const [other, size] of Object.entries(BUILD_SIZES)) {
      const end = from + Math.max(0, Math.min(SLICE, size - at));
      if (other === name && end > from) build.set(slices.subarray(from, end), at);
      from = end;
    }
  return build;
}
