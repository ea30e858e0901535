/** The command line of the example. */

import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKENDS, type Backend, checkBackend } from '../support/backend.js';

const OUTPUT = fileURLToPath(new URL('model', import.meta.url));

export const HELP = `Teaches the language identifier a 17th language, Latin, and writes it for PyTorch.

Usage: npx tsx examples/fine-tune/main.ts [--backend ${BACKENDS.join('|')}] [--output FOLDER]

examples/fine-tune/check.py loads in PyTorch what it wrote, and compares.

  --backend NAME   ${BACKENDS.join(', ')} (default: ${BACKENDS[0]}); tensorflow needs npm run setup:tfjs-node
  --output FOLDER  where to write the model (default: examples/fine-tune/model)
  --help           this text
`;

export interface Options {
  readonly backend: Backend;
  /** Ends with a slash. */
  readonly output: URL;
  readonly help: boolean;
}

/** @throws TypeError or RangeError saying what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', default: BACKENDS[0] },
      output: { type: 'string', default: OUTPUT },
      help: { type: 'boolean', default: false },
    },
  });
  const output = pathToFileURL(`${resolve(values.output)}/`);
  return { backend: checkBackend(values.backend), output, help: values.help };
}
