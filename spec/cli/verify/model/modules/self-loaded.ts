/** A model that loads its weights when it is imported, as the code that `inspect` prints does. */

import { fileURLToPath } from 'node:url';
import { loadStateDict, readStateDict } from 'tfjs-torch-rnn';
import { model } from './built.js';

const file = fileURLToPath(new URL('../../../../fixtures/cli/classifier.safetensors', import.meta.url));
loadStateDict(model, await readStateDict(file));

export { model };
