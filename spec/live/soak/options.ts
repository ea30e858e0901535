import { parseArgs } from 'node:util';
import { readInteger, readNames } from '../../../scripts/support/options.js';
import type { Settings } from './soak.js';

const BACKENDS = ['cpu', 'wasm', 'tensorflow'];

export interface Options extends Settings {
  readonly backends: readonly string[];
  /** Calls, inputs, views, ... of a large program. */
  readonly many: number;
}

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backends: { type: 'string', default: 'cpu,wasm' },
      steps: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      many: { type: 'string', default: '20000' },
    },
  });
  return {
    backends: readNames('--backends', values.backends, BACKENDS),
    // A stream is measured in tenths.
    steps: readInteger('--steps', values.steps, 10),
    seed: readInteger('--seed', values.seed),
    many: readInteger('--many', values.many, 1),
  };
}
