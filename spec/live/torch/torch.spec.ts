/**
 * Live differential against PyTorch: random layers and cells forward and backward, the combinations of two of PyTorch's
 * own tests, rounding against float64, files and models both ways, random checkpoints, and training, on every backend.
 *
 *     npm run test:torch -- [--seed N] [--parts GRU,LSTM,...] [--cases N] [--backends cpu,wasm,tensorflow]
 *
 * --cases: how many random cases of each module, and how many random checkpoints. TORCH_PYTHON names the Python that has
 * PyTorch (scripts/requirements.txt), python3 by default.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { availableBackends } from '../../support/backends.js';
import { useBackend } from './backends.js';
import { MODULES, type Module } from './cases.js';
import { compareCheckpoints } from './checkpoints.js';
import { compareFiles } from './files.js';
import { compareRandom } from './layers.js';
import { Measurements } from './measurements.js';
import { compareExports } from './models.js';
import { Oracle } from './oracle.js';
import { comparePrecision } from './precision.js';
import { compareCudnnCombinations, compareOnnxCombinations } from './pytorch-tests.js';
import type { Replay, Session } from './session.js';
import { Tally } from './tally.js';
import { compareTraining } from './training.js';

/** How many random cases each part gets where --cases says nothing. */
const CASES: Readonly<Record<Module | 'checkpoints', number>> = {
  GRU: 200,
  LSTM: 100,
  RNN: 100,
  GRUCell: 30,
  LSTMCell: 30,
  RNNCell: 30,
  checkpoints: 200,
};

/** What can be run, by its name in --parts. */
const PARTS = new Map<string, (session: Session, options: Options) => Promise<void>>([
  ...MODULES.map(
    (module) =>
      [
        module,
        (session: Session, { cases }: Options) => compareRandom(session, module, cases ?? CASES[module]),
      ] as const,
  ),
  ['cudnn', compareCudnnCombinations],
  ['onnx', compareOnnxCombinations],
  ['precision', comparePrecision],
  ['files', compareFiles],
  ['checkpoints', (session, { cases }) => compareCheckpoints(session, cases ?? CASES.checkpoints)],
  ['exports', onEachBackend(compareExports)],
  ['training', onEachBackend(compareTraining)],
]);

interface Options {
  readonly seed: number;
  readonly parts: readonly string[];
  readonly cases: number | undefined;
  readonly backends: readonly string[];
}

async function readOptions(): Promise<Options> {
  const available = await availableBackends();
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      parts: { type: 'string', default: [...PARTS.keys()].join() },
      cases: { type: 'string' },
      backends: { type: 'string', default: available.join() },
    },
  });
  const { seed, parts, cases, backends } = values;
  return {
    seed: readInteger('--seed', seed),
    parts: readNames('--parts', parts, [...PARTS.keys()]),
    cases: cases === undefined ? undefined : readInteger('--cases', cases),
    backends: readNames('--backends', backends, available),
  };
}

function readInteger(what: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`${what}: expected an integer below 1e9, got "${text}"`);
  return Number(text);
}

function readNames(what: string, text: string, known: readonly string[]): string[] {
  const names = text.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new RangeError(`${what}: expected some of ${known.join()}, got ${unknown.join()}`);
  return names;
}

function commandFor({ seed, parts, cases, backends }: Options): string {
  const some = parts.length < PARTS.size ? ` --parts ${parts.join()}` : '';
  const number = cases === undefined ? '' : ` --cases ${cases}`;
  return `npm run test:torch -- --seed ${seed}${some}${number} --backends ${backends.join()}`;
}

function replay(options: Options, { part, seed = options.seed, backend }: Replay): string {
  return commandFor({
    seed,
    parts: [part],
    cases: Object.hasOwn(CASES, part) ? 1 : undefined,
    backends: backend === undefined ? options.backends : [backend],
  });
}

/** A part that compares on the active backend, on each in turn. */
function onEachBackend(compare: (session: Session) => Promise<void>) {
  return async (session: Session): Promise<void> => {
    for (const backend of session.backends) {
      await useBackend(backend);
      await compare(session);
    }
  };
}

async function main(): Promise<void> {
  const options = await readOptions();
  console.log(commandFor(options));
  const { seed, backends } = options;
  const [oracle, tally, measurements] = [await Oracle.start(), new Tally(), new Measurements()];
  const folder = await mkdtemp(join(tmpdir(), 'test-torch-'));
  const session: Session = {
    oracle,
    tally,
    measurements,
    seed,
    backends,
    folder,
    replay: (which) => replay(options, which),
  };
  try {
    for (const part of options.parts) await PARTS.get(part)?.(session, options);
  } finally {
    oracle.stop();
    await rm(folder, { recursive: true });
  }
  measurements.print();
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  if (tally.failed > 0) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
