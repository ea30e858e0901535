/**
 * Programs against a live PyTorch: the signatures of the ops, each op alone, and whole models, also what they hold in memory at most.
 *
 *     npm run test:program -- [--parts ops,models] [--seed N] [--count N] [--every N] [--variant V] [--backends cpu,wasm,tensorflow] [NAME...]
 *
 * NAME: an op as archives name it without `torch.ops.`, `aten.add.Tensor`, or a model of models/. --count: random cases of each
 * op. --every: each N-th model. --variant: exported, flexible (by torch_rnn_export) or decomposed models. TORCH_PYTHON names the Python that has PyTorch
 * (scripts/requirements.txt), python3 by default.
 */

import '../../../src/index.js';
import { availableBackends } from '../../support/backends.js';
import { LIVE_ARGUMENTS } from '../command.js';
import { Corpus } from './corpus.js';
import { compareModels } from './models.js';
import { compareOps, targetsToCheck } from './ops.js';
import { commandFor, readOptions } from './options.js';
import { Oracle } from './oracle.js';
import { compareSignatures } from './signatures.js';

const options = readOptions(LIVE_ARGUMENTS, await availableBackends());
const { parts, names, seed, every } = options;

if (parts.includes('ops')) {
  const oracle = new Oracle('op_cases.py');
  const targets = await targetsToCheck(oracle, names);
  describe(commandFor({ ...options, parts: ['ops'] }), () => {
    after(() => oracle.stop());
    if (names.length === 0) compareSignatures();
    compareOps(oracle, targets, options);
  });
}

if (parts.includes('models')) {
  const corpus = new Corpus();
  const models =
    names.length > 0 ? names : (await corpus.names()).filter((_, i) => i % every === seed % every);
  describe(commandFor({ ...options, parts: ['models'] }), () => {
    after(() => corpus.close());
    compareModels(corpus, models, options);
  });
}
