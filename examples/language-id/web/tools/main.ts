/** `npm run demo:web`: serves or builds the page. `npm run demo:web -- --help` lists the options. */

import { relative, resolve } from 'node:path';
import { build, createServer } from 'vite';
import { runCommand } from '../../../support/command.js';
import { bold, cyan, dim } from '../../../support/terminal.js';
import { BUILT, pageConfig } from './config.js';
import { HELP, type Options, parseOptions } from './options.js';

async function run({ port, open, build: isBuild, out }: Options): Promise<boolean> {
  if (isBuild) {
    await writePage(out === undefined ? BUILT : resolve(out));
    return true;
  }
  const config = pageConfig();
  const server = await createServer({ ...config, server: { ...config.server, port, open } });
  await server.listen();
  const [address] = server.resolvedUrls?.local ?? [];
  console.log(`${bold('Language identifier')}: ${cyan(address ?? '')} ${dim('(Ctrl+C ends it)')}`);
  return true;
}

/** Writes the page as static files. */
async function writePage(folder: string): Promise<void> {
  const config = pageConfig();
  await build({ ...config, build: { ...config.build, outDir: folder } });
  console.log(`Written to ${bold(relative('', folder) || '.')}: serve it from any path.`);
}

await runCommand({ parse: parseOptions, help: HELP, run });
