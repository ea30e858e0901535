/** The command line of the checks of programs, and the command that repeats one. */

import { parseArgs } from 'node:util';
import { readInteger, readNames } from '../../../scripts/support/options.js';
import { randomSeed } from '../command.js';

export interface Options {
  readonly seed: number;
  /** Random cases of each op. */
  readonly count: number;
  readonly backends: readonly string[];
  /** The ops to check, as archives name them without `torch.ops.`: `aten.add.Tensor`; all where none is named. */
  readonly targets: readonly string[];
}

const DEFAULT_COUNT = '10';

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[], available: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ops: { type: 'boolean', default: false },
      seed: { type: 'string', default: String(randomSeed()) },
      count: { type: 'string', default: DEFAULT_COUNT },
      backends: { type: 'string', default: available.join() },
    },
  });
  const { ops, seed, count, backends } = values;
  if (positionals.length > 0 && !ops) throw new RangeError(`--ops: expected before ${positionals.join(' ')}`);
  return {
    seed: readInteger('--seed', seed),
    count: readInteger('--count', count, 1),
    backends: readNames('--backends', backends, available),
    targets: positionals,
  };
}

/** The command that repeats the cases of an op from a seed on. */
export function commandFor({ seed, count, backends, targets }: Options): string {
  const ops = targets.length > 0 ? `--ops ${targets.join(' ')} ` : '';
  return `npm run test:program -- ${ops}--seed ${seed} --count ${count} --backends ${backends.join()}`;
}
