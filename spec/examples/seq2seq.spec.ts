import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { Dates, decode, encode, toBatch } from '../../examples/seq2seq/data.js';
import { DateReader, loadDateReader, readDescription } from '../../examples/seq2seq/model.js';
import { parseOptions } from '../../examples/seq2seq/options.js';
import { adam, trainStep, translate } from '../../examples/seq2seq/train.js';
import { toTensor } from '../../src/index.js';
import { readStateDict } from '../../src/state-dict/read.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { expectSameBits } from '../models/torch-modules.js';
import { describeEachBackend } from '../support/backends.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const fileOf = (name: string) => join(root, 'examples/seq2seq', name);

/** Of a logit; the largest are 19. Measured: 1.1e-5. */
const LOGIT_TOLERANCE = 1e-4;

/** Of a loss, relative. Measured over six steps: 9.0e-6. */
const LOSS_TOLERANCE = 1e-4;

/** The rate of the steps that train.py stored. */
const STORED_RATE = 2e-3;

describeEachBackend('examples/seq2seq: the port', () => {
  let expected: StateDict;
  before(async () => {
    expected = await readStateDict(fileOf('expected.safetensors'));
  });

  const get = (name: string) => expected.get(name) as TorchTensor;
  const batchOf = (part: 'known' | 'new') => ({
    source: toTensor(get(`${part}.source`)) as tf.Tensor2D,
    lengths: Array.from(get(`${part}.lengths`).data, Number),
    target: toTensor(get(`${part}.target`)) as tf.Tensor2D,
  });

  it("gives PyTorch's logits for dates of different lengths", async () => {
    const model = await loadDateReader();
    const { source, lengths, target } = batchOf('known');
    const logits = model.forward(source, lengths, target);
    const values = get('known.logits').data as Float32Array;
    expect(logits.shape).to.deep.equal(get('known.logits').shape);
    const differences = logits.dataSync().map((value, i) => Math.abs(value - (values[i] as number)));
    expect(Math.max(...differences)).to.be.below(LOGIT_TOLERANCE);
    expect(new Set(lengths).size).to.be.above(3);
    tf.dispose([source, target, logits]);
    model.dispose();
  });

  it("gives PyTorch's answers, step by step", async () => {
    const model = await loadDateReader();
    const { source, lengths, target } = batchOf('new');
    const answers = model.translate(source, lengths);
    expect([...answers.dataSync()]).to.deep.equal(Array.from(get('new.answers').data, Number));
    tf.dispose([source, target, answers]);
    model.dispose();
  });

  it("has PyTorch's losses while it trains from the same weights, and leaves nothing behind", async () => {
    const model = await loadDateReader();
    const batch = batchOf('new');
    const optimizer = adam(STORED_RATE);
    const losses = get('new.losses').data as Float32Array;
    for (const [step, expectedLoss] of losses.entries()) {
      const loss = trainStep(model, optimizer, batch);
      expect(Math.abs(loss - expectedLoss) / expectedLoss, `step ${step}`).to.be.below(LOSS_TOLERANCE);
    }
    expect(losses.at(-1)).to.be.below(0.8 * (losses[0] as number));
    tf.dispose([batch.source, batch.target]);
    optimizer.dispose();
    model.dispose();
  });

  it('goes back to PyTorch under its names, bit for bit', async () => {
    const trained = await readStateDict(fileOf('model.safetensors'));
    const model = new DateReader(await readDescription(), trained);
    const written = await model.toStateDict();
    const inOrder = new Map([...trained.keys()].map((key) => [key, written.get(key) as TorchTensor]));
    expectSameBits(inOrder, trained);
    expect(written.size).to.equal(trained.size);
    model.dispose();
  });
});

describe('examples/seq2seq', function () {
  // Measured: 15 s of processor time.
  this.timeout(300_000);
  let folder = '';
  let output = '';
  let code: number | null = null;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'seq2seq-'));
    const args = ['--import', 'tsx', 'examples/seq2seq/main.ts', '--output', folder];
    const child = spawn(process.execPath, args, { cwd: root });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
  });
  after(() => rm(folder, { recursive: true }));

  it('runs through, and has learnt three quarters of the new way and forgotten little of the known ones', () => {
    expect(code, output).to.equal(0);
    expect(output).to.match(/March 5, 2021 +2021-03-05\n/);
    const shares = (title: string) => {
      const [, before, after] = new RegExp(`${title} +([\\d.]+)% +([\\d.]+)%`).exec(output) ?? [];
      return [Number(before), Number(after)] as const;
    };
    // Measured on wasm: 1.2 and 94.8, 100.0 and 99.2.
    expect(shares('the new one')[0]).to.be.below(10);
    expect(shares('the new one')[1]).to.be.above(75);
    expect(shares('the known ways')[1]).to.be.above(95);
  });

  it('has written a model that loads strictly and gives the answers it gave', async () => {
    expect((await readdir(folder)).sort()).to.deep.equal(['held-out.json', 'model.safetensors']);
    const description = await readDescription();
    const model = new DateReader(description, await readStateDict(join(folder, 'model.safetensors')));
    const rows: { text: string; tfjs: string }[] = JSON.parse(
      await readFile(join(folder, 'held-out.json'), 'utf8'),
    );
    const some = rows.filter((_, i) => i % 25 === 0);
    const answers = await translate(
      model,
      some.map(({ text }) => text),
      description.characters,
    );
    expect(answers).to.deep.equal(some.map(({ tfjs }) => tfjs));
    model.dispose();
  });
});

describe('examples/seq2seq/data', () => {
  it('makes the same dates of a seed, in the known ways and in the new one', () => {
    const dates = new Dates(5);
    const [known, added] = [dates.known(200), dates.added(3)];
    expect(new Dates(5).known(200)).to.deep.equal(known);
    expect(
      new Set(known.map(({ text }) => text.replace(/[A-Z][a-z]+/, 'M').replace(/\d+/g, '0'))).size,
    ).to.equal(4);
    for (const { text, answer } of added) {
      expect(text).to.match(/^\d{1,2}-[A-Z][a-z]{2}-\d\d$/);
      expect(answer).to.match(/^20[0-4]\d-\d\d-\d\d$/);
    }
  });

  it('pads batches on the right, and closes answers', async () => {
    const { characters } = await readDescription();
    const { source, lengths, target } = toBatch(
      [
        { text: '1 May 2001', answer: '2001-05-01' },
        { text: '01.05.2001.', answer: '2001-05-01' },
      ],
      characters,
    );
    expect([source.shape, lengths, target.shape]).to.deep.equal([
      [2, 11],
      [10, 11],
      [2, 11],
    ]);
    const [[first], [answer]] = [source.arraySync(), target.arraySync()] as [number[][], number[][]];
    expect([first?.at(-1), answer?.at(-1)]).to.deep.equal([0, 2]);
    expect(decode(answer as number[], characters)).to.equal('2001-05-01');
    tf.dispose([source, target]);
  });

  it('refuses characters that the model does not know', () => {
    expect(() => encode('5. März', ' .0123456789M')).to.throw(
      RangeError,
      'text: expected a date of the characters " .0123456789M", got "5. März"',
    );
  });
});

describe('examples/seq2seq/options', () => {
  it('takes dates, a backend and a folder', () => {
    const { texts, backend, output } = parseOptions(['5 May 2005', '--backend', 'cpu', '--output', '/tmp/a']);
    expect({ texts, backend, output: output.href }).to.deep.equal({
      texts: ['5 May 2005'],
      backend: 'cpu',
      output: 'file:///tmp/a/',
    });
  });
});
