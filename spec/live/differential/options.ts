import { parseArgs } from 'node:util';
import { readInteger, readName, readNumber } from '../../../scripts/support/options.js';
import type { Combination } from '../../support/differential.js';
import { randomSeed } from '../command.js';

export interface Options {
  readonly seed: number;
  readonly backend: string;
  /** What it is compared with: tf ops, or the engine in WebAssembly. */
  readonly against: string;
  /** The one to repeat. */
  readonly combination?: Combination;
  /** Random ones, after those that meet every pair of values. */
  readonly count: number;
  /** Only random ones, until the time is over. */
  readonly minutes?: number;
}

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: '5000' },
      minutes: { type: 'string' },
      seed: { type: 'string', default: String(randomSeed()) },
      combination: { type: 'string' },
      backend: { type: 'string', default: 'cpu' },
      against: { type: 'string', default: 'reference' },
    },
  });
  const { backend, combination, minutes } = values;
  if (values.against === 'wasm' && process.env.ENGINE !== 'native')
    throw new RangeError(
      '--against wasm: expected ENGINE=native, got the engine in WebAssembly on both sides',
    );
  return {
    seed: readInteger('--seed', values.seed),
    backend,
    against: readName('--against', values.against, ['reference', 'wasm']),
    count: readInteger('--count', values.count),
    ...(combination !== undefined && { combination: JSON.parse(combination) as Combination }),
    ...(minutes !== undefined && { minutes: readNumber('--minutes', minutes) }),
  };
}
