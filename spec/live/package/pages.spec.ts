// Pages without a bundler, and what a bundle meets in browsers: workers and policies.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import * as library from '../../../src/index.js';
import { blocksOf, readPages } from '../docs/pages.js';
import { resultOf } from './support/browser.js';
import { projectWithTfjs } from './support/projects.js';
import { runNode } from './support/run.js';
import { type FileServer, serve } from './support/server.js';
import { expectTorchsNumbers, expectTorchsTraining, type Training } from './support/training.js';

const BUNDLE = fileURLToPath(new URL('support/bundle.mjs', import.meta.url));

describe('in Chromium', () => {
  let folder: string;
  let server: FileServer;
  before(async () => {
    ({ folder } = await projectWithTfjs());
    server = await serve(folder);
  });
  after(() => server?.close());

  const page = (name: string) => resultOf<Training>(`${server.origin}/pages/${name}.html`);

  it('a classic script: the global torchRnn, on the global tf, has every export and trains on the engine', async () => {
    const { exports, ...training } = (await page('script-tag')) as Training & { exports: string[] };
    expect(exports).to.have.members(Object.keys(library));
    expectTorchsTraining(training);
  });

  it('a classic script without TensorFlow.js above it says what is missing', async () => {
    const failed = await page('script-without-tf').catch((error: Error) => error.message);
    expect(failed).to.include(
      'torch-rnn.min.js: global tf: expected TensorFlow.js with its layers, got none. Load @tensorflow/tfjs/dist/tf.min.js ' +
        'in a script above this one',
    );
  });

  it('an import map: the package as it lies in node_modules trains on the engine', async () => {
    expectTorchsTraining(await page('import-map'));
  });

  for (const { page: path, line, code } of readPages()
    .flatMap(blocksOf)
    .filter(({ language }) => language === 'html'))
    it(`the page of ${path}:${line} runs`, async () => {
      writeFileSync(
        join(folder, 'documented.html'),
        `${code}\n<script type="module">globalThis.result = document.title;</script>\n`,
      );
      expect(await resultOf(`${server.origin}/documented.html`)).to.equal('1 x 5 x 8');
    });

  describe('a bundle', () => {
    /** Bundles a program of pages/, for the page that loads it. */
    async function bundled(program: string, html: string, bundler = 'esbuild'): Promise<string> {
      const path = `built/pages-${html}`;
      mkdirSync(join(folder, path), { recursive: true });
      cpSync(join(folder, `pages/${html}.html`), join(folder, path, 'index.html'));
      await runNode(
        [BUNDLE, bundler, folder, `pages/${program}.mjs`, join(folder, path, 'bundle.js')],
        folder,
      );
      return `${server.origin}/${path}/index.html`;
    }

    for (const html of ['worker', 'service-worker'])
      it(`in a ${html} trains on the engine`, async () => {
        expectTorchsTraining(await resultOf(await bundled('worker', html)));
      });

    it('in a service worker reads safetensors in any build, and says what to do about other files in one of several files', async () => {
      const url = await bundled('reader', 'split-service-worker', 'esbuild-splitting');
      const stateDict = new Map([['w', { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const]]);
      const write = (name: string, content: string | Uint8Array) =>
        writeFileSync(join(folder, 'built/pages-split-service-worker', name), content);
      write('tensors.safetensors', library.writeSafetensors(stateDict));
      write('tensors.json', '{"w": [1]}');
      const [names, refused] = await resultOf<[string[], string]>(url);
      expect(names).to.deep.equal(['w']);
      expect(refused).to.match(/reader of json files: expected a module that loads, got .*import/);
      expect(refused).to.include('use parseStateDict on the bytes there');
    });

    describe('under a policy of', () => {
      let url: string;
      before(async () => {
        url = await bundled('main', 'bundle');
      });
      const under = (policy: string) => resultOf<Training>(`${url}?policy=${encodeURIComponent(policy)}`);

      it("script-src 'self' trains on tf ops, and the description names the word that is missing", async () => {
        const training = await under("script-src 'self'");
        expectTorchsNumbers(training);
        expect(training.kernelNames).to.not.include('TorchRecurrent');
        expect(training.described).to.include({ implementation: 'reference', lastRun: 'reference' });
        expect(training.described.reason).to.include("'wasm-unsafe-eval'");
      });

      it("script-src 'self' 'wasm-unsafe-eval' trains on the engine", async () => {
        expectTorchsTraining(await under("script-src 'self' 'wasm-unsafe-eval'"));
      });

      it('trusted types alone trains on the engine', async () => {
        expectTorchsTraining(await under("require-trusted-types-for 'script'; trusted-types 'none'"));
      });
    });
  });
});
