/** The command line of the page. */

import { parseArgs } from 'node:util';

export const HELP = `Serves the page of the language identifier, and opens it in the browser.

Usage: npm run demo:web -- [--port N] [--no-open]
       npm run demo:web -- --build [--out FOLDER]

  --port N      the port of localhost (default: 5173, or the next one that is free)
  --no-open     only print the address
  --build       write static files, which any server can serve from any path
  --out FOLDER  where to write them (default: examples/language-id/web/dist)
  --help        this text
`;

export interface Options {
  readonly port: number;
  readonly open: boolean;
  readonly build: boolean;
  readonly out: string | undefined;
  readonly help: boolean;
}

/** @throws TypeError or RangeError saying what is wrong with the arguments. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '5173' },
      open: { type: 'boolean', default: true },
      build: { type: 'boolean', default: false },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  const { open, build, out, help } = values;
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535 || values.port.trim() === '')
    throw new RangeError(`--port: expected 0 to 65535, got ${JSON.stringify(values.port)}`);
  if (out !== undefined && !build) throw new RangeError('--out: expected --build beside it, got none');
  return { port, open, build, out, help };
}
