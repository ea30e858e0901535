/** The command line of the example. */

import { parseArgs } from 'node:util';
import { BACKENDS, type Backend, checkBackend } from '../support/backend.js';

export const HELP = `Names the language of phrases with a GRU that was trained in PyTorch.

Usage: npm run demo -- [--backend ${BACKENDS.join('|')}] [phrase ...]

Without phrases it classifies a sample, measures the accuracy on the held-out phrases and compares
every answer and logit with PyTorch's; it exits with 1 when they do not agree.

  --backend NAME  ${BACKENDS.join(', ')} (default: ${BACKENDS[0]}); tensorflow needs npm run setup:tfjs-node
  --help          this text
`;

export interface Options {
  readonly backend: Backend;
  readonly phrases: readonly string[];
  readonly help: boolean;
}

/** @throws TypeError or RangeError saying what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { backend: { type: 'string', default: BACKENDS[0] }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  const backend = checkBackend(values.backend);
  const phrases = positionals.map((phrase) => phrase.trim());
  if (phrases.includes('')) throw new RangeError('phrase: expected some text, got an empty argument');
  return { backend, phrases, help: values.help };
}
