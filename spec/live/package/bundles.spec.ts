import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { DEFLATED_BUILDS } from '../../../src/kernels/host/runtime/engine.wasm.js';
import { artifactsOf, kerasFixture } from '../../keras/fixtures.js';
import { newFolder, projectWithTfjs } from './support/projects.js';
import { runNode } from './support/run.js';
import { type FileServer, serve } from './support/server.js';

const BUNDLE = fileURLToPath(new URL('support/bundle.mjs', import.meta.url));
const BUNDLERS = ['vite', 'rollup', 'webpack', 'esbuild'];
/** Of consumer/bundled/, for every bundler. */
const PROGRAMS = ['train', 'bare', 'keras', 'state-dict'];
/** Builds at a time. */
const BUILDERS = 2;

/** Of losses and weights after three steps; measured: 1.2e-7. */
const TOLERANCE = 1e-6;

/** What consumer/bundled/train-model.mjs reports. */
interface Training {
  readonly losses: readonly number[];
  readonly embedding: readonly number[];
  readonly predictions: readonly number[];
  readonly kernelNames: readonly string[];
}

/** What oracle/embedding_training.py stored. */
const torch: Omit<Training, 'kernelNames'> = JSON.parse(
  readFileSync(new URL('oracle/embedding-training.json', import.meta.url), 'utf8'),
);

/** Names of kernels, of tfjs and its packages. */
const ENGINE = /TorchRecurrent/;
/** A message of the readers names the converter of Keras's files. */
const TFJS = /tensorflow\.?js(?!_converter)|@tensorflow|\bsetBackend\b|\btensor2d\b/i;

function expectClose(actual: readonly number[], expected: readonly number[], what: string): void {
  expect(actual.length, what).to.equal(expected.length);
  for (const [i, value] of expected.entries()) {
    expect(actual[i], `${what}[${i}]`).to.be.closeTo(value, TOLERANCE);
  }
}

function expectTorchsTraining({ losses, embedding, predictions }: Training): void {
  expect(losses.at(-1)).to.be.lessThan(losses[0] * 0.7);
  expectClose(losses, torch.losses, 'losses');
  expectClose(embedding, torch.embedding, 'embedding');
  expectClose(predictions, torch.predictions, 'predictions');
}

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
    server = await serve(folder);
    build(BUNDLERS, PROGRAMS);
    build(['esbuild'], ['keras-without-entry']);
  });
  after(() => server?.close());

  /** The bundles that are being made, by bundler and program: a folder where they find no package. */
  const builds = new Map<string, Promise<string>>();

  /** Starts to bundle programs, a few at a time and in this order. */
  function build(bundlers: readonly string[], programs: readonly string[]): void {
    const running: Promise<unknown>[] = Array.from({ length: BUILDERS }, () => Promise.resolve());
    for (const [i, [bundler, program]] of bundlers
      .flatMap((name) => programs.map((program) => [name, program] as const))
      .entries()) {
      const file = join(newFolder(`${bundler}-${program}`), `${program}.mjs`);
      const args = [BUNDLE, bundler, folder, `bundled/${program}.mjs`, file];
      const made = (running[i % BUILDERS] as Promise<unknown>)
        .then(() => runNode(args, folder))
        .then(() => file);
      // The test that waits for it fails, and those behind it go on.
      running[i % BUILDERS] = made.catch(() => {});
      builds.set(`${bundler} ${program}`, made);
    }
  }

  /** Runs a bundle. */
  async function run(bundler: string, program: string) {
    const file = (await builds.get(`${bundler} ${program}`)) as string;
    const printed = await runNode([join(folder, 'as-web-worker.mjs'), file, server.origin], dirname(file));
    return { printed, text: readFileSync(file, 'utf8') };
  }

  for (const name of BUNDLERS) {
    describe(`by ${name}`, () => {
      async function resultOf(program: string) {
        const { printed, text } = await run(name, program);
        return { result: JSON.parse(printed.trim().split('\n').at(-1) as string), text };
      }

      it('named imports: an embedding, a gru and a dense layer train on the fused kernels, with the numbers of torch', async () => {
        const { result, text } = await resultOf('train');
        expect(result.described).to.include({ implementation: 'fused', lastRun: 'fused', isActive: true });
        expectTorchsTraining(result);
        // What the last test here misses is found in a bundle that has it.
        expect(text).to.match(ENGINE).and.to.match(TFJS).and.to.include(DEFLATED_BUILDS);
      });

      it('a bare import: a saved model loads, and trains on the fused kernels', async () => {
        const { result } = await resultOf('bare');
        expect(result.kernelNames).to.include('TorchRecurrent');
        expectTorchsTraining(result);
      });

      it('tfjs-torch-rnn/keras: a saved model that holds a converted Keras layer loads, with the numbers of Keras', async () => {
        const { result } = await resultOf('keras');
        expect(result.kernelNames).to.include('TorchRecurrent');
        expectClose(result.predictions, [...call.outputs[0].data], 'predictions');
      });

      it('tfjs-torch-rnn/state-dict: files are read, without a kernel and without tfjs', async () => {
        const { result, text } = await resultOf('state-dict');
        expect(result).to.deep.equal(JSON.parse(readFileSync(join(folder, 'saved/weights.json'), 'utf8')));
        expect(text).to.not.match(ENGINE).and.to.not.match(TFJS).and.to.not.include(DEFLATED_BUILDS);
      });
    });
  }

  it('without tfjs-torch-rnn/keras, tfjs does not know a converted Keras layer', async () => {
    const { printed } = await run('esbuild', 'keras-without-entry');
    expect(printed).to.match(/Unknown layer: TorchKerasGRU/);
  });
});
