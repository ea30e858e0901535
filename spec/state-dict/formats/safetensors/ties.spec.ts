import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, loadStateDict } from '../../../../src/index.js';
import { describeSource } from '../../../../src/state-dict/describe.js';
import { tiesIn } from '../../../../src/state-dict/formats/safetensors/ties.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import { readStateDict } from '../../../../src/state-dict/read.js';
import { resolveLimits } from '../../../../src/state-dict/rules/limits.js';
import type { StateDict, TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../../src/state-dict/write/safetensors.js';

/** What scripts/fixtures/make_tied.py wrote. */
function bytesOf(name: 'saved' | 'whole'): Uint8Array {
  return new Uint8Array(readFileSync(new URL(`../../../fixtures/tied/${name}.safetensors`, import.meta.url)));
}

function ties(metadata: Record<string, string>, tensors: string[]) {
  return Object.fromEntries(tiesIn(new Map(Object.entries(metadata)), (name) => tensors.includes(name)));
}

const one = (value: number): TorchTensor => ({ dtype: 'U8', shape: [1], data: Uint8Array.of(value) });

describe('tiesIn', () => {
  it('follows an entry to its tensor, over others too', () => {
    expect(ties({ a: 't', b: 'a', c: 'b' }, ['t'])).to.deep.equal({ a: 't', b: 't', c: 't' });
    expect(ties({ c: 'b', b: 'a', a: 't' }, ['t'])).to.deep.equal({ a: 't', b: 't', c: 't' });
  });

  it('takes no text, missing tensor, own name or circle for a tie', () => {
    expect(ties({ format: 'pt', license: 'x', a: 'absent', b: 'b', c: 'd', d: 'c' }, ['t'])).to.deep.equal(
      {},
    );
    expect(ties({ a: 'b', b: 'c', c: 'a', d: 'c', e: 't' }, ['t'])).to.deep.equal({ e: 't' });
  });

  it('takes the framework of a file for no tie, whatever a tensor is called', () => {
    expect(ties({ format: 'pt', a: 'format', b: 'pt' }, ['pt'])).to.deep.equal({ b: 'pt' });
  });

  it('leaves a tensor that is there as it is', () => {
    expect(ties({ u: 't', t: 'u', v: 'u' }, ['t', 'u'])).to.deep.equal({ v: 'u' });
  });

  it('follows each entry once', () => {
    let reads = 0;
    const names = Array.from({ length: 20_000 }, (_, i) => `n${i}`);
    const metadata = new Map(names.map((name, i) => [name, `n${i + 1}`]));
    const counted = (name: string) => {
      reads++;
      return name === 'n20000';
    };
    expect(tiesIn(metadata, counted).size).to.equal(20_000);
    expect(reads).to.be.lessThan(20_000 * 5);
  });
});

describe('tied tensors of save_model', () => {
  it('stand under all their names, as one tensor', () => {
    const found = parseStateDict(bytesOf('saved'));
    const whole = parseStateDict(bytesOf('whole'));
    expect([...found.keys()].sort()).to.deep.equal(
      [...whole.keys()].filter((name) => name !== 'ids' && name !== 'output').sort(),
    );
    for (const [name, tensor] of found)
      expect(String(tensor.data), name).to.equal(String(whole.get(name)?.data));
    expect(found.get('fc.weight')).to.equal(found.get('embedding.weight'));
    expect(found.get('again.weight')).to.equal(found.get('fc.weight'));
  });

  it('can be selected by each name', async () => {
    const found = await readStateDict(bytesOf('saved'), { select: ['fc'] });
    expect([...found.keys()]).to.deep.equal(['fc.weight']);
    const { tensors } = await describeSource('spec', bytesOf('saved'), { limits: resolveLimits('spec') });
    expect([...tensors.values()].filter(({ sameAs }) => sameAs !== undefined)).to.have.lengthOf(2);
  });

  it('compute what PyTorch computes', async () => {
    await tf.setBackend('cpu');
    const model = tf.sequential({
      layers: [
        tf.layers.embedding({ name: 'embedding', inputDim: 7, outputDim: 4, inputShape: [null] }),
        gru({ name: 'gru', hiddenSize: 4 }),
        tf.layers.dense({ name: 'fc', units: 7, useBias: false }),
      ],
    });
    const whole = parseStateDict(bytesOf('whole'));
    const warnings: string[] = [];
    const onWarnings = (list: readonly string[]) => void warnings.push(...list);
    loadStateDict(model, parseStateDict(bytesOf('saved')), { map: { fc: ['fc', 'again'] }, onWarnings });
    expect(warnings.join()).to.include('are one tensor in the file, and two weights here');
    const { shape, data } = whole.get('ids') as TorchTensor;
    const output = tf.tidy(() =>
      (model.predict(tf.tensor([...(data as Int32Array)], [...shape])) as tf.Tensor).dataSync(),
    );
    const expected = whole.get('output')?.data as Float32Array;
    for (const [i, value] of expected.entries()) expect(output[i]).to.be.closeTo(value, 1e-6);
    model.dispose();
  });
});

describe('tied tensors of a model in several files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tied-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const [FIRST, SECOND] = ['model-1.safetensors', 'model-2.safetensors'];
  function write(metadata: object, first: Record<string, string>): string {
    const file = (name: string, value: number): StateDict => new Map([[name, one(value)]]);
    writeFileSync(
      join(folder, FIRST),
      writeSafetensors(file('embedding.weight', 1), new Map(Object.entries(first))),
    );
    writeFileSync(join(folder, SECOND), writeSafetensors(file('gru.w', 2)));
    const weight_map = { 'embedding.weight': FIRST, 'gru.w': SECOND };
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ metadata, weight_map }));
    return folder;
  }

  it('are those that the metadata of the index name, whole or selected', async () => {
    const source = write({ total_size: 2, 'fc.weight': 'embedding.weight', format: 'pt' }, {});
    const found = await readStateDict(source);
    expect([...found.keys()]).to.deep.equal(['embedding.weight', 'gru.w', 'fc.weight']);
    expect(found.get('fc.weight')).to.equal(found.get('embedding.weight'));
    const part = await readStateDict(source, { select: ['fc'] });
    expect([...part].map(([name, { data }]) => [name, data[0]])).to.deep.equal([['fc.weight', 1]]);
    const { tensors } = await describeSource('spec', source, { limits: resolveLimits('spec') });
    expect(tensors.get('fc.weight')?.sameAs).to.equal('embedding.weight');
  });

  it('are those that the metadata of a file name', async () => {
    const warnings: string[] = [];
    const source = write({}, { 'fc.weight': 'embedding.weight' });
    const found = await readStateDict(source, { onReport: (report) => warnings.push(...report.warnings) });
    expect(found.get('fc.weight')?.data[0]).to.equal(1);
    expect(warnings).to.deep.equal([]);
  });
});
