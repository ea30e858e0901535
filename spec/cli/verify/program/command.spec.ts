import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { strFromU8, strToU8, unzipSync, zipSync } from 'fflate';
import { writeSafetensors } from '../../../../src/state-dict/index.js';
import type { TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { call, INT64, type ProgramSpec, programBytes } from '../../../support/program-files.js';
import { tell } from '../../support.js';

const fixture = (name: string) =>
  fileURLToPath(new URL(`../../../fixtures/program/${name}`, import.meta.url));
const program = (name: string) => fixture(`${name}.pt2`);
/** What PyTorch computed, by make_program.py. */
const stored = (name: string, tensor: string) => `${fixture(`${name}.safetensors`)}#${tensor}`;
const inputs = (name: string, count: number) =>
  Array.from({ length: count }, (_, i) => ['--input', stored(name, `input.${i}`)]).flat();
const expected = (name: string, output: string, tensor: string) => [
  '--expected',
  `${output}=${stored(name, tensor)}`,
];

async function verify(...words: string[]) {
  const told = await tell('verify', ...words);
  tf.env().set('PROD', false);
  return told;
}

describe('tfjs-torch-rnn verify of a program', function () {
  this.timeout(60_000);
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  after(() => rmSync(folder, { recursive: true }));

  const made = (spec: ProgramSpec) => {
    const path = join(folder, 'made.pt2');
    writeFileSync(path, programBytes(spec));
    return path;
  };
  const array = (name: string, tensor: TorchTensor) => {
    const path = join(folder, `${name}.safetensors`);
    writeFileSync(path, writeSafetensors(new Map([[name, tensor]])));
    return path;
  };
  const floats = (...values: number[]): TorchTensor => ({
    dtype: 'F32',
    shape: [values.length],
    data: Float32Array.from(values),
  });

  it('takes inputs in their order and names of outputs, on the backend that is asked for', async () => {
    const words = [...inputs('states', 2), ...expected('states', '0', 'output.0')];
    const second = expected('states', '1', 'output.1');
    const { code, out, err } = await verify(program('states'), ...words, ...second, '--backend', 'wasm');
    expect(code, err).to.equal(0);
    const lines = out.split('\n');
    expect(lines[0]).to.match(/states\.pt2 on wasm$/);
    expect(lines[1]).to.match(
      /^ok {3}0: worst error \d\.\de-\d at \[.*\], where rounding may give \d\.\de-\d$/,
    );
    expect(lines[2]).to.match(/^ok {3}1: worst error/);
    expect(lines[3]).to.equal('within what rounding to float32 can do');
  });

  it('takes nested arguments, booleans and frozen ones, and the only output without a name', async () => {
    const words = ['0.y', '0.rest.0', '1'].flatMap((name, i) => expected('nested', name, `output.${i}`));
    expect(await verify(program('nested'), ...inputs('nested', 5), ...words)).to.include({ code: 0 });
    const tied = ['--expected', stored('tied', 'output.0')];
    expect(await verify(program('tied'), ...inputs('tied', 1), ...tied)).to.include({ code: 0 });
  });

  it('runs each time with the buffers of the file, whatever a call has changed', async () => {
    const words = [...inputs('counter', 1), '--expected', stored('counter', 'output.0'), '--json'];
    const { code, out } = await verify(program('counter'), ...words);
    expect(code, out).to.equal(0);
    expect(JSON.parse(out)).to.deep.include({ ok: true, backend: 'cpu', tolerance: 'rounding' });
  });

  it('says where numbers differ, and that those of training fit', async () => {
    const words = [...inputs('classifier', 1), '--expected', stored('classifier', 'output.0')];
    const { code, out } = await verify(program('classifier'), ...words);
    expect(code).to.equal(1);
    expect(out).to.include('FAIL 0: 12 of 12 values differ');
    expect(out).to.include('It fits in training: PyTorch ran the model without model.eval().');
    const other = ['--expected', stored('states', 'output.1'), '--expected', `0=${stored('states', 'R.0')}`];
    other[1] = `1=${other[1]}`;
    const wrong = await verify(program('states'), ...inputs('states', 2), ...other);
    expect(wrong).to.include({ code: 1 });
    expect(wrong.out).to.include('Nothing that was tried fits: the program in training.');
  });

  it('names the inputs and outputs where they do not fit', async () => {
    const y = ['--expected', stored('states', 'output.0')];
    for (const [words, text] of [
      [[...inputs('states', 1), ...y], 'verify: --input: expected 2, as the program takes (x, h0), got 1'],
      [
        [...inputs('states', 2), ...y],
        'verify: --expected: expected the name of an output (0, 1), got none. Write --expected 0=FILE',
      ],
      [
        [...inputs('states', 2), ...expected('states', 'h', 'output.1')],
        'verify: --expected h: expected the name of an output (0, 1), got "h". Write --expected 0=FILE',
      ],
      [
        [
          ...inputs('tied', 1),
          '--input',
          stored('states', 'input.1'),
          ...expected('states', '0', 'output.0'),
        ],
        'verify: --input number 1 (x): expected floats, as the program takes, got I64',
      ],
      [
        [...inputs('states', 2), ...expected('states', '0', 'output.1')],
        'verify: --expected 0: expected shape [2, 5, 8], as the model gives, got [4, 2, 4]',
      ],
    ] as const) {
      const { code, err } = await verify(program('states'), ...words);
      expect(code).to.equal(1);
      expect(err).to.include(text);
    }
    const layer = await verify(program('states'), ...inputs('states', 2), ...y, '--batch-first');
    expect(layer).to.include({ code: 2 });
    expect(layer.err).to.include('--batch-first is for one layer: a program runs as a whole');
  });

  it('compares one layer of its weights with --layer', async () => {
    const words = ['--layer', 'gru', ...inputs('states', 1), '--h0', stored('states', 'input.1')];
    const result = ['--expected', stored('states', 'output.0'), '--batch-first'];
    const { code, out, err } = await verify(program('states'), ...words, ...result);
    expect(code, err).to.equal(0);
    expect(out).to.match(/^gru: GRU\(3, 4, num_layers=2, bidirectional=True.*\) on cpu/);
  });

  it('takes no answer of a program that draws random numbers', async () => {
    const path = made({
      inputs: [['x', ['b']]],
      calls: [call('aten.rand_like.default', { self: 'x' }, ['y', ['b']])],
      outputs: ['y'],
    });
    const x = array('x', floats(1, 2));
    const { code, err } = await verify(path, '--input', x, '--expected', x);
    expect(code).to.equal(1);
    expect(err).to.include('expected the same numbers in each run, got others');
  });

  it('names the call whose int64 result int32 does not hold', async () => {
    const path = made({
      inputs: [['ids', [2], INT64]],
      calls: [call('aten.mul.Tensor', { self: 'ids', other: { as_int: 1000003 } }, ['hash', [2], INT64])],
      outputs: ['hash'],
    });
    const integers = (...values: bigint[]): TorchTensor => ({
      ...{ dtype: 'I64', shape: [values.length], data: BigInt64Array.from(values) },
    });
    const given = ['--input', array('ids', integers(5n, 5000n))];
    const { code, err } = await verify(
      path,
      ...given,
      '--expected',
      array('hash', integers(5000015n, 5000015000n)),
    );
    expect(code).not.to.equal(0);
    expect(err).to.contain('hash: aten.mul.Tensor (model.py:3');
    expect(err).to.contain('expected int64 values that int32 holds, got about 5000000000');
  });
});

describe('tfjs-torch-rnn verify --sample', function () {
  this.timeout(60_000);

  it('runs the inputs of the export, and tells shapes, ranges and times', async () => {
    const { code, out } = await verify(program('nested'), '--sample');
    expect(code).to.equal(0);
    expect(out).to.match(/nested\.pt2 on cpu, with the inputs of its export\n/);
    expect(out).to.match(/input {3}batch\.mask {2}\[4\] {5}BOOL/);
    expect(out).to.match(/output {2}0\.y {9}\[4, 2\] {2}-\d\.\d+ to \d\.\d+ +no NaN/);
    expect(out).to.match(/first call [\d.e+]+ ms, later ones [\d.e+]+ ms \(median of 5\)/);
    const json = JSON.parse((await verify(program('states'), '--sample', '--json')).out);
    expect(json).to.deep.include({ ok: true, backend: 'cpu' });
    expect(
      json.outputs.map(({ name, shape }: { name: string; shape: number[] }) => [name, shape]),
    ).to.deep.equal([
      ['0', [2, 5, 8]],
      ['1', [4, 2, 4]],
    ]);
  });

  it('is no where an output has a NaN, or another shape than the graph says', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'sample-')), 'changed.pt2');
    const verifyChanged = async (change: (files: Record<string, Uint8Array>) => void) => {
      const files = unzipSync(readFileSync(program('states')));
      change(files);
      writeFileSync(path, zipSync(files));
      return verify(path, '--sample');
    };
    try {
      const broken = await verifyChanged((files) => files['archive/data/weights/weight_0']?.fill(0xff));
      expect(broken.code).to.equal(1);
      expect(broken.out).to.match(/output {2}0 .*[1-9]\d* NaN/);
      const other = await verifyChanged((files) => {
        const model = 'archive/models/model.json';
        const json = JSON.parse(strFromU8(files[model] as Uint8Array));
        const { graph } = json.graph_module;
        graph.tensor_values[graph.outputs[0].as_tensor.name].sizes[2] = { as_int: 9 };
        files[model] = strToU8(JSON.stringify(json));
      });
      expect(other.code).to.equal(1);
      expect(other.out).to.match(/output {2}0 .*no NaN, the graph says \[s\d+, \d, 9\]/);
      expect(other.out).to.match(/not as the graph says, or NaN$/);
    } finally {
      rmSync(dirname(path), { recursive: true });
    }
  });

  it('takes no option of a comparison, and no file of weights', async () => {
    const { code, err } = await verify(program('nested'), '--sample', '--input', 'x.npy');
    expect(code).to.equal(2);
    expect(err).to.include('--sample runs without --input.');
    const weights = await verify(fixture('weights.safetensors'), '--sample');
    expect(weights).to.include({ code: 1 });
  });
});
