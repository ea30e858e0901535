/**
 * Runs specs in the pages of browsers, one page a backend, with the reporter of `npm test`:
 *
 *     tsx spec/live/browser/main.ts [--browser chromium,firefox] [--backends cpu,wasm,wasm-threads,webgl,webgpu] [--grep REGEXP] [SPEC...]
 *
 * Suites of `describeEachBackend` run on the backend of each page, all others in the page of cpu.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, launch } from './drivers.js';
import { type Options, readOptions } from './options.js';
import { PageRun } from './page-run.js';
import { Replay } from './replay.js';
import { serve } from './server.js';
import { bundle, pageSpecs } from './specs.js';

async function main(options: Options): Promise<number> {
  const specs = await pageSpecs(options.specs);
  const refused = options.named.filter((spec) => !specs.includes(spec));
  if (refused.length > 0) throw new RangeError(`${refused.join(', ')}: expected specs that do not need Node`);
  const others = options.specs.length - specs.length;
  console.log(`${specs.length} files of specs run in pages; ${others} need Node, and run by npm test`);

  const folder = mkdtempSync(join(tmpdir(), 'torch-rnn-pages-'));
  const run = new PageRun(new Replay(), specs, options.grep);
  const stop = () => run.stop();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const server = await serve(folder, (event) => run.hear(event));
  try {
    await bundle(specs, folder);
    for (const [name, backends] of options.pages)
      await withBrowser(name, async (browser) => {
        for (const backend of backends) await run.page(browser, backend, server.url);
      });
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
  return run.finish();
}

async function withBrowser(name: string, body: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launch(name);
  try {
    await body(browser);
  } finally {
    await browser.close();
  }
}

try {
  process.exitCode = (await main(readOptions(process.argv.slice(2)))) > 0 ? 1 : 0;
} catch (error) {
  console.error(error instanceof RangeError ? error.message : error);
  process.exitCode = 1;
}
