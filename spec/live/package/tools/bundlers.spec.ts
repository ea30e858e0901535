// Bundlers that this repository does not build with, and servers of development.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { resultOf } from '../support/browser.js';
import { projectWithTools } from '../support/projects.js';
import { runNode } from '../support/run.js';
import { type FileServer, serve } from '../support/server.js';
import { expectTorchsTraining, type Training } from '../support/training.js';

const START_LIMIT_MS = 2 * 60_000;

describe('other bundlers, in Chromium', () => {
  let folder: string;
  let server: FileServer;
  before(async () => {
    ({ folder } = await projectWithTools());
    server = await serve(folder);
  });
  after(() => server?.close());

  /** A file of a tool that is installed. */
  const tool = (path: string) => join(folder, '../../node_modules', path);

  /** The types are those of this repository's version. */
  const vite7 = (): Promise<typeof import('vite')> =>
    import(pathToFileURL(tool('vite/dist/node/index.js')).href);

  it('Parcel, production: a model trains on the engine', async () => {
    const options = ['--dist-dir', 'built/parcel', '--no-cache', '--public-url', './'];
    await runNode([tool('parcel/lib/bin.js'), 'build', 'pages/main.html', ...options], folder);
    expectTorchsTraining(await resultOf(`${server.origin}/built/parcel/main.html`));
  });

  it('Vite 7, production: a model trains on the engine', async () => {
    const { build } = await vite7();
    await build({
      ...viteOptions(folder),
      base: './',
      build: { outDir: 'built/vite7', rollupOptions: { input: join(folder, 'pages/main.html') } },
    });
    expectTorchsTraining(await resultOf(`${server.origin}/built/vite7/pages/main.html`));
  });

  for (const [version, load] of [
    ['7', vite7],
    ['8', () => import('vite')],
  ] as const)
    it(`Vite ${version}, in development: a model trains on the engine`, async () => {
      const vite = await load();
      expect(vite.version.split('.')[0]).to.equal(version);
      const development = await vite.createServer({
        ...viteOptions(folder),
        cacheDir: `built/vite${version}-cache`,
        // Else it reads the pages of every program in the folder.
        optimizeDeps: { entries: 'pages/main.html' },
        server: { host: '127.0.0.1', watch: null },
      });
      try {
        await development.listen();
        const [origin] = development.resolvedUrls?.local ?? [];
        expectTorchsTraining(await resultOf(`${origin}pages/main.html`));
      } finally {
        await development.close();
      }
    });

  it('Next: a page trains on the engine, rendered on the server and again on the client', async () => {
    const next = tool('next/dist/bin/next');
    await runNode([next, 'build'], join(folder, 'next'));
    const port = await freePort();
    const child = spawn(process.execPath, [next, 'start', '-H', '127.0.0.1', '-p', `${port}`], {
      cwd: join(folder, 'next'),
      stdio: 'ignore',
    });
    try {
      const url = `http://127.0.0.1:${port}/`;
      await answering(url);
      const { onServer, onClient } = await resultOf<Record<'onServer' | 'onClient', Training>>(url);
      expectTorchsTraining(onServer);
      expectTorchsTraining(onClient);
    } finally {
      child.kill();
    }
  });
});

function viteOptions(folder: string) {
  mkdirSync(join(folder, 'built'), { recursive: true });
  return { root: folder, configFile: false, logLevel: 'error' } as const;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Waits until a server answers. */
async function answering(url: string): Promise<void> {
  const end = Date.now() + START_LIMIT_MS;
  while (!(await fetch(url).catch(() => undefined))?.ok) {
    if (Date.now() > end) throw new Error(`${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
