import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { cliFixture, ROOT, runProgram } from '../support.js';

const CLASSIFIER = cliFixture('classifier.safetensors');
const LAYERS = cliFixture('layers.safetensors');
const VARIANTS = cliFixture('variants.safetensors');
const answer = (name: string) => `${cliFixture('answers.safetensors')}#${name}`;

/**
 * In a process of its own: what it imports when it runs would be another instance of this package beside the one of the specs, and
 * what it sets of tfjs it sets for its process.
 */
async function tell(...words: string[]) {
  const { code, stdout, stderr } = await runProgram(words);
  return { code, out: stdout.trimEnd(), err: stderr.trimEnd() };
}

describe('tfjs-torch-rnn verify', () => {
  const gru = ['verify', LAYERS, '--layer', 'gru', '--h0', answer('gru.h0')];

  it('is fine with what PyTorch gave, states and layouts included', async () => {
    for (const words of [
      [...gru, '--input', answer('x'), '--expected', answer('gru.y'), '--expected-hn', answer('gru.hn')],
      [
        ...[...gru, '--batch-first', '--input', answer('x_batch_first')],
        ...['--expected', answer('gru.y_batch_first')],
      ],
      [
        ...['verify', LAYERS, '--layer', 'lstm', '--input', answer('x'), '--expected', answer('lstm.y')],
        ...['--expected-hn', answer('lstm.hn'), '--expected-cn', answer('lstm.cn'), '--backend', 'wasm'],
      ],
      [
        ...['verify', LAYERS, '--layer', 'rnn', '--nonlinearity', 'relu'],
        ...['--input', answer('x'), '--expected', answer('rnn.y')],
      ],
      [
        ...['verify', LAYERS, '--layer', 'cell', '--h0', answer('cell.h0'), '--c0', answer('cell.c0')],
        ...['--input', answer('x_step'), '--expected', answer('cell.y'), '--expected-cn', answer('cell.cn')],
      ],
    ]) {
      const { code, out, err } = await tell(...words);
      expect(code, out + err).to.equal(0);
      expect(out)
        .to.match(/\nwithin what rounding to float32 can do$/)
        .and.not.include('FAIL');
    }
  });

  it('ends with 1 where the numbers differ by more than rounding, and says how far, where, and what fits', async () => {
    const io = ['--input', answer('x'), '--expected', answer('gru.y')];
    const words = ['verify', LAYERS, '--layer', 'gru', ...io];
    const { code, out } = await tell(...words);
    expect(code).to.equal(1);
    expect(out).to.match(
      /\nFAIL output: 96 of 96 values differ, from step 0 on; worst error 1 at \[5, 0, 4\]: 0\.1122\d*, expected 1\.1138\d*, where rounding may give \d\.\de-6\nbeyond what rounding to float32 can do\n/,
    );
    expect(out).to.match(
      /\nNothing that was tried fits: .*\nAn initial state other than zeros is given with --h0\.$/,
    );
    const fine = await tell(...words, '--tolerance', '1.01');
    expect(fine.code).to.equal(0);
    expect(fine.out).to.match(/\nok {3}output: worst error 1 at \[5, 0, 4\]\nwithin the tolerance of 1\.01$/);
    const report = JSON.parse((await tell(...words, '--json')).out);
    expect(report).to.include({ ok: false, layer: 'gru', backend: 'cpu', tolerance: 'rounding' });
    expect(report.results[0]).to.deep.include({ index: [5, 0, 4], exceeding: 96, firstStep: 0 });
  });

  it('says which option makes the numbers fit', async () => {
    const inputs = [VARIANTS, '--layer', 'gru', '--input', `${VARIANTS}#square`];
    const { code, out } = await tell('verify', ...inputs, '--expected', `${VARIANTS}#y/gru/batch_first`);
    expect(code).to.equal(1);
    expect(out).to.match(/\nThe numbers fit with the arrays read as \[B, T, \.\.\.\]: pass --batch-first\.$/);
    const followed = await tell(
      'verify',
      ...inputs,
      '--expected',
      `${VARIANTS}#y/gru/batch_first`,
      '--batch-first',
    );
    expect(followed.code, followed.out).to.equal(0);
    const state = await tell(
      ...gru,
      '--input',
      answer('x_batch_first'),
      '--expected',
      answer('gru.y_batch_first'),
    );
    expect(state.err).to.include(
      '--h0: expected 6 rows, as the input has, got 2. With --batch-first the input has 2 rows',
    );
  });

  it('says which layers there are, and which arrays', async () => {
    const io = ['--input', answer('x'), '--expected', answer('gru.y')];
    expect((await tell('verify', LAYERS, ...io)).err).to.include(
      'expected one recurrent layer in the file, got 4. The file has recurrent layers at "cell", "gru", "lstm", "rnn"',
    );
    expect((await tell('verify', LAYERS, '--layer', 'gur', ...io)).err).to.include('got "gur"');
    expect((await tell('verify', CLASSIFIER, '--layer', 'fc', ...io)).err).to.include('"fc", Linear(8, 5)');
    const unnamed = await tell(
      ...gru,
      '--input',
      cliFixture('answers.safetensors'),
      '--expected',
      answer('x'),
    );
    expect(unnamed.err).to.include('--input: expected a file with one array');
    expect((await tell(...gru, '--input', answer('z'), '--expected', answer('x'))).err).to.include(
      'expected an array called "z"',
    );
  });

  it('refuses shapes and states that do not fit', async () => {
    const shape = await tell(...gru, '--input', answer('x'), '--expected', answer('x'));
    expect(shape.code).to.equal(1);
    expect(shape.err).to.include('--expected: expected shape [6, 2, 8], as the model gives, got [6, 2, 3]');
    expect((await tell(...gru, '--input', answer('gru.y'), '--expected', answer('x'))).err).to.include('GRU');
    expect(
      (await tell(...gru, '--input', answer('x'), '--expected', answer('x'), '--tolerance', 'no')).code,
    ).to.equal(2);
  });

  it('refuses options that the layer has no use for', async () => {
    const io = ['--input', answer('x'), '--expected', answer('x')];
    for (const [words, told] of [
      [[...gru, '--c0', answer('gru.h0')], '--c0 is for an LSTM, which has a cell state, not for the GRU.'],
      [[...gru, '--expected-cn', answer('gru.h0')], '--expected-cn is for an LSTM'],
      [[...gru, '--nonlinearity', 'relu'], '--nonlinearity is for an RNN, not for the GRU.'],
      [
        ['verify', LAYERS, '--layer', 'cell', '--batch-first'],
        '--batch-first is for a layer that runs over steps',
      ],
    ] as const) {
      const { code, err } = await tell(...words, ...io);
      expect(code, err).to.equal(2);
      expect(err).to.include(told);
    }
  });

  it('runs a layer of a torch.save checkpoint on arrays that numpy.save wrote', async () => {
    const folder = join(ROOT, 'spec/fixtures/cli');
    const { code, out, err } = await tell(
      ...['verify', join(folder, 'checkpoint.pt'), '--input', join(folder, 'x.npy')],
      ...['--expected', join(folder, 'y.npy'), '--expected-hn', join(folder, 'hn.npy'), '--batch-first'],
    );
    expect(code, out + err).to.equal(0);
    expect(out).to.match(
      /^encoder\.gru: GRU\(3, 4, num_layers=2, bidirectional=True\) on cpu\nok {3}output: /,
    );
  });

  it('leaves modules inside a layer, and takes a layer that is the file itself', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'verify-'));
    try {
      const layers = await readStateDict(LAYERS);
      const gruKeys = [...layers.keys()].filter((key) => key.startsWith('gru.'));
      const root = new Map(gruKeys.map((key) => [key.slice(4), layers.get(key) as TorchTensor]));
      const fc: TorchTensor = { dtype: 'F32', shape: [1, 1], data: Float32Array.of(1) };
      const file = join(folder, 'subclass.safetensors');
      writeFileSync(file, writeSafetensors(new Map([...root, ['fc.weight', fc]])));
      const io = ['--input', answer('x'), '--expected', answer('gru.y'), '--h0', answer('gru.h0')];
      for (const layer of [[], ['--layer=']]) {
        const { code, out, err } = await tell('verify', file, ...layer, ...io);
        expect(code, out + err).to.equal(0);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
