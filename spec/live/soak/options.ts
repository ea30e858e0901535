import { parseArgs } from 'node:util';
import { readInteger, readNames } from '../../../scripts/support/options.js';
import type { Settings } from './soak.js';

const BACKENDS = ['cpu', 'wasm', 'tensorflow'];

export interface Options extends Settings {
  readonly backends: readonly string[];
}

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backends: { type: 'string', default: 'cpu,wasm' },
      steps: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
    },
  });
  return {
    backends: readNames('--backends', values.backends, BACKENDS),
    // A stream is measured in tenths.
    steps: readInteger('--steps', values.steps, 10),
    seed: readInteger('--seed', values.seed),
  };
}
