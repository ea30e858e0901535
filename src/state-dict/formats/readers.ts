/** The readers of formats, in modules that a page loads when a file needs one. Safetensors are read without any of them. */

import type { ReaderName } from '../reading/reading.js';
import * as json from './json/json.js';
import * as python from './python.js';

/** The modules, by name. */
export interface Readers extends Record<ReaderName, object> {
  readonly json: typeof json;
  readonly python: typeof python;
}

const READERS: Readers = { json, python };

/** The module of a name, for callers that cannot wait: it is part of their program. */
export function readerAtHand(name: ReaderName): object {
  return READERS[name];
}
