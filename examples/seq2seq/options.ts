/** The command line of the example. */

import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { BACKENDS, type Backend, checkBackend } from '../support/backend.js';

const OUTPUT = fileURLToPath(new URL('tuned', import.meta.url));

export const HELP = `Reads dates, learns a new way of writing them, 5-Mar-21, and goes back to PyTorch.

Usage: npx tsx examples/seq2seq/main.ts [DATE ...] [--backend ${BACKENDS.join('|')}] [--output FOLDER]

With dates it reads those alone: "March 5, 2021", "5 March 2021", 05.03.2021, 2021/03/05.
examples/seq2seq/check.py loads in PyTorch what it wrote, and compares.

  --backend NAME   ${BACKENDS.join(', ')} (default: ${BACKENDS[0]}); tensorflow needs npm run setup:tfjs-node
  --output FOLDER  where to write the model (default: examples/seq2seq/tuned)
  --help           this text
`;

export interface Options {
  readonly texts: readonly string[];
  readonly backend: Backend;
  /** Ends with a slash. */
  readonly output: URL;
  readonly help: boolean;
}

/** @throws TypeError or RangeError saying what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      backend: { type: 'string', default: BACKENDS[0] },
      output: { type: 'string', default: OUTPUT },
      help: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const output = pathToFileURL(`${resolve(values.output)}/`);
  return { texts: positionals, backend: checkBackend(values.backend), output, help: values.help };
}
