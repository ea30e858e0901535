/** The command line of the comparison with PyTorch, and the commands that repeat a part of it. */

import { parseArgs } from 'node:util';
import { readInteger, readNames } from '../../../scripts/support/options.js';
import { randomSeed } from '../command.js';
import { MODULES, type Module } from './cases.js';

/** Default number of random cases by part. */
export const CASES: Readonly<Record<Module | 'modules' | 'checkpoints', number>> = {
  GRU: 200,
  LSTM: 100,
  RNN: 100,
  GRUCell: 30,
  LSTMCell: 30,
  RNNCell: 30,
  modules: 100,
  checkpoints: 200,
};

export const PARTS = [
  ...MODULES,
  'cudnn',
  'onnx',
  'modules',
  'precision',
  'files',
  'checkpoints',
  'exports',
  'export-script',
  'training',
] as const;
export type Part = (typeof PARTS)[number];

export interface Options {
  readonly seed: number;
  readonly parts: readonly Part[];
  /** Random cases of each part that has some. @default {@link CASES} */
  readonly cases: number | undefined;
  readonly backends: readonly string[];
}

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[], available: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(randomSeed()) },
      parts: { type: 'string', default: PARTS.join() },
      cases: { type: 'string' },
      backends: { type: 'string', default: available.join() },
    },
  });
  const { seed, parts, cases, backends } = values;
  return {
    seed: readInteger('--seed', seed),
    parts: readNames('--parts', parts, PARTS),
    cases: cases === undefined ? undefined : readInteger('--cases', cases),
    backends: readNames('--backends', backends, available),
  };
}

export function commandFor({ seed, parts, cases, backends }: Options): string {
  const some = parts.length < PARTS.length ? ` --parts ${parts.join()}` : '';
  const number = cases === undefined ? '' : ` --cases ${cases}`;
  return `npm run test:torch -- --seed ${seed}${some}${number} --backends ${backends.join()}`;
}
