/**
 * Programs against a live PyTorch: the signatures of the ops, and each op alone.
 *
 *     npm run test:program -- [--ops [TARGET...]] [--seed N] [--count N] [--backends cpu,wasm,tensorflow]
 *
 * TARGET: an op as archives name it, without `torch.ops.`: `aten.add.Tensor`. --count: random cases of each op. TORCH_PYTHON
 * names the Python that has PyTorch (scripts/requirements.txt), python3 by default.
 */

import '../../../src/index.js';
import { availableBackends } from '../../support/backends.js';
import { LIVE_ARGUMENTS } from '../command.js';
import { compareOps, targetsToCheck } from './ops.js';
import { commandFor, readOptions } from './options.js';
import { Oracle } from './oracle.js';
import { compareSignatures } from './signatures.js';

const options = readOptions(LIVE_ARGUMENTS, await availableBackends());

const oracle = new Oracle('op_cases.py');
const targets = await targetsToCheck(oracle, options);

describe(commandFor(options), () => {
  after(() => oracle.stop());
  if (options.targets.length === 0) compareSignatures();
  compareOps(oracle, targets, options);
});
