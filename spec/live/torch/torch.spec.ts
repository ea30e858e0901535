/**
 * The layers, readers and exports against a live PyTorch: random layers, cells and other modules forward and backward, the combinations of two
 * of PyTorch's own tests, rounding against float64, files and models both ways, the script that exports programs, random checkpoints, and
 * training.
 *
 *     npm run test:torch -- [--seed N] [--parts GRU,LSTM,...] [--cases N] [--backends cpu,wasm,tensorflow]
 *
 * --cases: the number of random cases of each module, and of random checkpoints. TORCH_PYTHON names the Python that has
 * PyTorch (scripts/requirements.txt), python3 by default.
 */

import { availableBackends } from '../../support/backends.js';
import { LIVE_ARGUMENTS } from '../command.js';
import { MODULES } from './cases.js';
import { compareCheckpoints } from './checkpoints.js';
import { compareCudnnCombinations, compareOnnxCombinations } from './combinations.js';
import { compareExportScript } from './export-script.js';
import { compareExports } from './exports.js';
import { compareFiles } from './files.js';
import { compareRandom } from './layers.js';
import { compareModules } from './modules.js';
import { CASES, commandFor, type Part, readOptions } from './options.js';
import { comparePrecision } from './precision.js';
import { Session } from './session.js';
import { compareTraining } from './training.js';

const options = readOptions(LIVE_ARGUMENTS, await availableBackends());

/** Each declares its tests. */
const DECLARE = new Map<Part, (session: Session) => void>([
  ...MODULES.map(
    (module) =>
      [module, (session: Session) => compareRandom(session, module, options.cases ?? CASES[module])] as const,
  ),
  ['cudnn', compareCudnnCombinations],
  ['onnx', compareOnnxCombinations],
  ['modules', (session) => compareModules(session, options.cases ?? CASES.modules)],
  ['precision', comparePrecision],
  ['files', compareFiles],
  ['checkpoints', (session) => compareCheckpoints(session, options.cases ?? CASES.checkpoints)],
  ['exports', compareExports],
  ['export-script', compareExportScript],
  ['training', compareTraining],
]);

describe(commandFor(options), () => {
  const session = new Session(options);
  before(() => session.start());
  after(() => session.end());
  for (const part of options.parts) describe(part, () => DECLARE.get(part)?.(session));
});
