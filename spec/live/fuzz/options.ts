/** The command line of the fuzz, and the command that repeats an input. */

import { parseArgs } from 'node:util';
import { readInteger, readName, readNumber } from '../../../scripts/support/options.js';
import { randomSeed } from '../command.js';
import { FORMAT_NAMES, type InputId } from './campaign.js';

export interface FuzzOptions {
  readonly seed: number;
  readonly formats: readonly string[];
  /** Inputs of each format, unless `minutes` or `input` is given. */
  readonly count: number;
  /** For all formats together. */
  readonly minutes?: number;
  /** The one to repeat. */
  readonly input?: number;
  /** The file to which its bytes are written. */
  readonly keep?: string;
}

/** Enough to meet what happens once in ten thousand inputs. */
const DEFAULT_COUNT = '100000';

/** @throws RangeError that names the option. */
export function readOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: String(randomSeed()) },
      format: { type: 'string', multiple: true },
      count: { type: 'string', default: DEFAULT_COUNT },
      minutes: { type: 'string' },
      input: { type: 'string' },
      keep: { type: 'string' },
    },
  });
  const { format, minutes, input, keep } = values;
  if (input !== undefined && format?.length !== 1)
    throw new RangeError('--input: expected one --format beside it');
  if (keep !== undefined && input === undefined)
    throw new RangeError('--keep: expected --input beside it, which is kept');
  return {
    seed: readInteger('--seed', values.seed),
    formats: format?.map((name) => readName('--format', name, FORMAT_NAMES)) ?? FORMAT_NAMES,
    count: readInteger('--count', values.count),
    ...(minutes !== undefined && { minutes: readNumber('--minutes', minutes) }),
    ...(input !== undefined && { input: readInteger('--input', input) }),
    ...(keep !== undefined && { keep }),
  };
}

/** The command that repeats one input. */
export function againCommand({ seed, format, index }: InputId): string {
  return `npm run fuzz -- --format ${format} --seed ${seed} --input ${index}`;
}

/** Each note overwrites the one before, so all have one length. */
const NOTE_BYTES = 80;

export function noteOf(id: InputId): string {
  return JSON.stringify(id).padEnd(NOTE_BYTES);
}
