/** Reads what scripts/fixtures/make_reparametrised.py wrote. */

import { parseStateDict } from '../../src/state-dict/parse.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { fixtureBytes } from './node/files.js';

export type ReparametrisedFile = 'stored' | 'weights' | 'undetermined' | 'removed';

export function reparametrised(name: ReparametrisedFile): StateDict {
  return parseStateDict(fixtureBytes(`reparametrised/${name}.safetensors`));
}
