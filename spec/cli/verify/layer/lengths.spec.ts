import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../../src/state-dict/write/safetensors.js';
import { cliFixture, tell } from '../../support.js';

/** What scripts/fixtures/make_verify_ports.py wrote. */
const WEIGHTS = cliFixture('ports/weights.safetensors');
const LSTM = cliFixture('ports/lstm.safetensors');
const answer = (name: string) => `${cliFixture('ports/answers.safetensors')}#${name}`;

const packed = ['--lengths', answer('lengths')];

function verify(expected: string, ...words: string[]) {
  const io = ['--input', answer('embedding'), '--batch-first', '--expected', answer(expected)];
  return tell('verify', WEIGHTS, '--layer', 'gru', ...io, ...words);
}

describe('verify of a packed layer', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'verify-lengths-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
    tf.env().set('PROD', false);
  });

  /** A file of lengths. */
  function lengthsFile(...values: number[]): string {
    const tensor: TorchTensor = { dtype: 'I32', shape: [values.length], data: Int32Array.from(values) };
    const file = join(folder, `${values.join('-')}.safetensors`);
    writeFileSync(file, writeSafetensors(new Map([['lengths', tensor]])));
    return file;
  }

  it('takes its lengths, and the states that it ends in', async () => {
    for (const words of [
      ['gru/packed', ...packed, '--expected-hn', answer('hn/packed')],
      // As many steps as the longest row has.
      ['gru/short', ...packed],
    ] as const) {
      const [expected, ...more] = words;
      const { code, out, err } = await verify(expected, ...more);
      expect(code, out + err).to.equal(0);
    }
    const io = ['--input', answer('time_first'), '--expected', answer('gru/time_first')];
    const timeFirst = await tell('verify', WEIGHTS, '--layer', 'gru', ...io, ...packed);
    expect(timeFirst.code, timeFirst.out + timeFirst.err).to.equal(0);
    const states = ['--expected-hn', answer('lstm/hn'), '--expected-cn', answer('lstm/cn')];
    const lstm = await tell(
      ...['verify', LSTM, '--batch-first', '--input', answer('embedding'), ...packed],
      ...['--expected', answer('lstm/packed'), ...states],
    );
    expect(lstm.code, lstm.out + lstm.err).to.equal(0);
  });

  it('finds the lengths where PyTorch packs and none are given; following the answer gives its numbers', async () => {
    const { code, out } = await verify('gru/packed');
    expect(code).to.equal(1);
    expect(out).to.match(
      /\nThe numbers fit with the lengths \[5, 3, 4, 2\], behind which --expected is zeros, as where PyTorch packs: pass them in a file with --lengths\.$/,
    );
    const followed = await verify('gru/packed', '--lengths', lengthsFile(5, 3, 4, 2));
    expect(followed.code, followed.out).to.equal(0);
    const time = ['--input', answer('embedding'), '--expected', answer('gru/packed')];
    const wrong = await tell('verify', WEIGHTS, '--layer', 'gru', ...time);
    expect(wrong.out).to.match(/pass --batch-first; and with the lengths \[5, 3, 4, 2\], /);
  });

  it('says that there are no lengths where PyTorch does not pack', async () => {
    const { code, out } = await verify('gru', ...packed);
    expect(code).to.equal(1);
    expect(out).to.match(/\nThe numbers fit with all steps of each row: leave out --lengths\.$/);
  });

  it('finds them where others are given', async () => {
    const { code, out } = await verify('gru/packed', '--lengths', lengthsFile(5, 3, 3, 2));
    expect(code).to.equal(1);
    expect(out).to.include('The numbers fit with the lengths [5, 3, 4, 2], ');
  });

  it('finds them behind steps that agree with and without', async () => {
    const io = ['--input', answer('long'), '--expected', answer('long/packed'), '--batch-first'];
    const { out } = await tell('verify', cliFixture('ports/one-way.safetensors'), ...io);
    expect(out).to.include('The numbers fit with the lengths [20, 18], ');
  });

  it('says how an output of fewer steps than the input gets them all', async () => {
    expect((await verify('gru/short')).err).to.include(
      'got [4, 5, 8]. Where pad_packed_sequence made it, total_length=6 gives it 6 steps',
    );
  });

  it('refuses what are no lengths of the input', async () => {
    const told = async (file: string) => (await verify('gru/packed', '--lengths', file)).err;
    expect(await told(lengthsFile(5, 3, 4))).to.include(
      'verify: --lengths: expected shape [4], a length of each row of --input, got [3]',
    );
    expect(await told(lengthsFile(7, 3, 4, 2))).to.include(
      'expected integers from 1 to 6, the steps of --input, got 7',
    );
    expect(await told(answer('logits'))).to.include('expected shape [4]');
    const cell = ['--layer', 'cell', '--input', answer('ids'), '--expected', answer('ids'), ...packed];
    const { code, err } = await tell('verify', cliFixture('layers.safetensors'), ...cell);
    expect(code).to.equal(2);
    expect(err).to.include('--lengths is for a layer that runs over steps, not for the LSTMCell.');
  });
});
