/** The command line of the checks of programs, and the command that repeats one. */

import { parseArgs } from 'node:util';
import { readInteger, readNames } from '../../../scripts/support/options.js';
import { randomSeed } from '../command.js';
import { VARIANTS, type Variant } from './corpus.js';

export type Part = 'ops' | 'models';
const PARTS: readonly Part[] = ['ops', 'models'];

export interface Options {
  readonly parts: readonly Part[];
  /** Ops as archives name them without `torch.ops.`, `aten.add.Tensor`, or models; all where none is named. */
  readonly names: readonly string[];
  readonly seed: number;
  /** Random cases of each op. */
  readonly count: number;
  /** Each so-manieth model, beginning by the seed: PyTorch takes ten minutes to export all. */
  readonly every: number;
  /** How the models are exported. */
  readonly variant: Variant;
  readonly backends: readonly string[];
}

const DEFAULT_COUNT = '10';

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[], available: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      parts: { type: 'string', default: PARTS.join() },
      seed: { type: 'string', default: String(randomSeed()) },
      count: { type: 'string', default: DEFAULT_COUNT },
      every: { type: 'string', default: '1' },
      variant: { type: 'string', default: VARIANTS[0] },
      backends: { type: 'string', default: available.join() },
    },
  });
  const parts = readNames('--parts', values.parts, PARTS) as Part[];
  if (positionals.length > 0 && parts.length > 1)
    throw new RangeError(`--parts: expected one part beside names, got ${parts}`);
  const [variant = 'exported'] = readNames('--variant', values.variant as string, VARIANTS) as Variant[];
  return {
    parts,
    names: positionals,
    seed: readInteger('--seed', values.seed),
    count: readInteger('--count', values.count, 1),
    every: readInteger('--every', values.every, 1),
    variant,
    backends: readNames('--backends', values.backends, available),
  };
}

/** The command that repeats the checks. */
export function commandFor({ parts, names, seed, count, every, variant, backends }: Options): string {
  const ofOps = parts.includes('ops') ? ` --count ${count}` : '';
  const ofModels = parts.includes('models') ? ` --every ${every} --variant ${variant}` : '';
  const of = `--parts ${parts.join()} --seed ${seed}${ofOps}${ofModels}`;
  const command = `npm run test:program -- ${of} --backends ${backends.join()}`;
  return [command, ...names].join(' ');
}
