/** Reads what scripts/fixtures/make_reparametrised.py wrote. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';

export type ReparametrisedFile = 'stored' | 'weights' | 'undetermined' | 'removed';

export function reparametrisedPath(name: ReparametrisedFile): string {
  return fileURLToPath(new URL(`../fixtures/reparametrised/${name}.safetensors`, import.meta.url));
}

export function reparametrised(name: ReparametrisedFile): StateDict {
  return parseStateDict(new Uint8Array(readFileSync(reparametrisedPath(name))));
}
