import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DEFLATED_BUILDS } from '../../../src/kernels/host/runtime/engine.wasm.js';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import { artifactsOf, kerasFixture } from '../../keras/fixtures.js';
import { resultOf } from './support/browser.js';
import { projectWithTfjs } from './support/projects.js';
import { runNode } from './support/run.js';
import { type FileServer, serve } from './support/server.js';
import { expectClose, expectTorchsNumbers, expectTorchsTraining, type Training } from './support/training.js';

const BUNDLE = fileURLToPath(new URL('support/bundle.mjs', import.meta.url));
const CHECKPOINT = new URL('../../fixtures/cli/checkpoint.pt', import.meta.url);
const BUNDLERS = ['vite', 'rollup', 'webpack', 'esbuild'];
/** Of consumer/bundled/, for every bundler. */
const PROGRAMS = ['train', 'bare', 'keras', 'state-dict'];
/** Builds at a time. */
const BUILDERS = 2;

/** Names of kernels, of tfjs and its packages. */
const ENGINE = /TorchRecurrent/;
/** What Node alone runs: package.json's `browser` leaves it out. */
const CUDNN = /CudnnRNN/;
/** A message of the readers names the converter of Keras's files. */
const TFJS = /tensorflow\.?js(?!_converter)|@tensorflow|\bsetBackend\b|\btensor2d\b/i;

describe('production bundles', () => {
  const keras = kerasFixture('2', 'sequential');
  const [call] = keras.calls;
  let folder: string;
  let server: FileServer;
  before(async () => {
    ({ folder } = await projectWithTfjs());
    const { weightData, ...artifacts } = artifactsOf(keras);
    const weights = Buffer.from(weightData as ArrayBuffer).toString('base64');
    const input = { shape: call.inputs[0].shape, values: [...call.inputs[0].data] };
    writeFileSync(join(folder, 'converted-keras.json'), JSON.stringify({ artifacts, weights, input }));
    await runNode(['save-models.mjs'], folder);
    copyFileSync(CHECKPOINT, join(folder, 'saved/checkpoint.pt'));
    server = await serve(folder);
    build(BUNDLERS, PROGRAMS);
    build(['esbuild'], ['keras-without-entry']);
  });
  after(() => server?.close());

  /** Shapes and elements of the tensors in a file. */
  function tensorsOf(file: string) {
    const stateDict = parseStateDict(new Uint8Array(readFileSync(join(folder, 'saved', file))), {
      onReport: () => {},
    });
    return Object.fromEntries(
      [...stateDict].map(([key, { shape, data }]) => [
        key,
        [shape, Array.from<number | bigint, number>(data, Number)],
      ]),
    );
  }

  /** The bundles that are being made, by bundler and program. */
  const builds = new Map<string, Promise<string>>();

  /** Starts to bundle programs, a few at a time and in this order. */
  function build(bundlers: readonly string[], programs: readonly string[]): void {
    const running: Promise<unknown>[] = Array.from({ length: BUILDERS }, () => Promise.resolve());
    for (const [i, [bundler, program]] of bundlers
      .flatMap((name) => programs.map((program) => [name, program] as const))
      .entries()) {
      const page = `built/${bundler}-${program}`;
      mkdirSync(join(folder, page), { recursive: true });
      cpSync(join(folder, 'pages/bundle.html'), join(folder, page, 'index.html'));
      const args = [BUNDLE, bundler, folder, `bundled/${program}.mjs`, join(folder, page, 'bundle.js')];
      const made = (running[i % BUILDERS] as Promise<unknown>)
        .then(() => runNode(args, folder))
        .then(() => page);
      // The test that waits for it fails, and those behind it go on.
      running[i % BUILDERS] = made.catch(() => {});
      builds.set(`${bundler} ${program}`, made);
    }
  }

  /** Runs a bundle in a page. */
  async function run<T>(bundler: string, program: string) {
    const page = (await builds.get(`${bundler} ${program}`)) as string;
    const result = await resultOf<T>(`${server.origin}/${page}/index.html`);
    const scripts = readdirSync(join(folder, page), { recursive: true, encoding: 'utf8' }).filter((path) =>
      path.endsWith('.js'),
    );
    return { result, text: scripts.map((path) => readFileSync(join(folder, page, path), 'utf8')).join('\n') };
  }

  for (const name of BUNDLERS) {
    describe(`by ${name}`, () => {
      it('named imports: an embedding, a gru and a dense layer train on the fused kernels, with the numbers of torch', async () => {
        const { result, text } = await run<Training>(name, 'train');
        expectTorchsTraining(result);
        // What the last test here misses is found in a bundle that has it.
        expect(text).to.match(ENGINE).and.to.match(TFJS).and.to.include(DEFLATED_BUILDS);
        expect(text).to.not.match(CUDNN);
      });

      it('a bare import: a saved model loads, and trains on the fused kernels', async () => {
        const { result } = await run<Training>(name, 'bare');
        expect(result.kernelNames).to.include('TorchRecurrent');
        expectTorchsNumbers(result);
      });

      it('tfjs-torch-rnn/keras: a saved model that holds a converted Keras layer loads, with the numbers of Keras', async () => {
        const { result } = await run<Training>(name, 'keras');
        expect(result.kernelNames).to.include('TorchRecurrent');
        expectClose(result.predictions, [...call.outputs[0].data], 'predictions');
      });

      it('tfjs-torch-rnn/state-dict: files are read, without a kernel and without tfjs', async () => {
        const { result, text } = await run(name, 'state-dict');
        expect(result).to.deep.equal([
          tensorsOf('weights.json'),
          tensorsOf('weights.json'),
          tensorsOf('checkpoint.pt'),
        ]);
        expect(text).to.not.match(ENGINE).and.to.not.match(TFJS).and.to.not.include(DEFLATED_BUILDS);
      });
    });
  }

  it('without tfjs-torch-rnn/keras, tfjs does not know a converted Keras layer', async () => {
    const { result } = await run('esbuild', 'keras-without-entry');
    expect(result).to.match(/Unknown layer: TorchKerasGRU/);
  });
});
