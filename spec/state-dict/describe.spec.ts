import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { describeSource } from '../../src/state-dict/describe.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import { resolveLimits } from '../../src/state-dict/rules/limits.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { fixture, fixturePath, rejectionOf, safetensorsFile, utf8 } from './support.js';

const limits = resolveLimits('spec');
const MODULE = fixture('reference/module.safetensors');

function u8(names: readonly string[]): StateDict {
  return new Map(names.map((name) => [name, { dtype: 'U8', shape: [2], data: Uint8Array.of(1, 2) }]));
}

describe('describeSource', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'describe-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('tells of every tensor what readStateDict would read', async () => {
    const described = await describeSource('spec', fixturePath('reference/every_dtype.safetensors'), {
      limits,
    });
    const stateDict = parseStateDict(fixture('reference/every_dtype.safetensors'));
    const expected = [...stateDict].map(([name, { dtype, shape, data }]) => [
      name,
      { dtype, shape, byteLength: data.byteLength },
    ]);
    expect([...described.tensors]).to.deep.equal(expected);
    expect(described).to.include({ format: 'safetensors', files: 1 });
    expect(described.path).to.deep.equal([]);
  });

  it('keeps the metadata and obeys select', async () => {
    const described = await describeSource('spec', fixturePath('reference/module.safetensors'), {
      limits,
      select: ['bias_ih_l1'],
    });
    expect([...described.metadata]).to.deep.equal([['format', 'pt']]);
    expect([...described.tensors]).to.deep.equal([
      ['bias_ih_l1', { dtype: 'F32', shape: [15], byteLength: 60 }],
    ]);
  });

  it('reads no element: a file of 8 GiB is described within a limit of 1,000 bytes', async () => {
    const bytes = 2 ** 33;
    const header = `{"w":{"dtype":"U8","shape":[${bytes}],"data_offsets":[0,${bytes}]}}`;
    const file = join(folder, 'large.safetensors');
    writeFileSync(file, safetensorsFile(header));
    truncateSync(file, 8 + header.length + bytes);
    const few = resolveLimits('spec', { maxBytes: 8192 });
    const { tensors } = await describeSource('spec', file, { limits: few });
    expect([...tensors]).to.deep.equal([['w', { dtype: 'U8', shape: [bytes], byteLength: bytes }]]);
  });

  it('takes the dict at a path, and lists what cannot be read in place of throwing', async () => {
    const text = '{"net": {"w": [1, 2], "broken": {"shape": [2]}}, "ema": {"w": [[1]]}}';
    const { tensors, refused, path, format } = await describeSource('spec', utf8(text), {
      limits,
      path: ['net'],
    });
    expect([...tensors.keys()]).to.deep.equal(['w']);
    expect([...refused]).to.deep.equal([
      [
        'broken',
        'json: tensor "broken": expected an object with shape and data, got one with keys ["shape"]',
      ],
    ]);
    expect({ path, format }).to.deep.equal({ path: ['net'], format: 'json' });
  });

  it('names the source of a fault', async () => {
    const file = join(folder, 'broken.safetensors');
    writeFileSync(file, MODULE.subarray(0, 100));
    const error = await rejectionOf(describeSource('spec', file, { limits }));
    expect(error.code).to.equal('TRUNCATED');
    expect(error.message).to.match(/^spec: path ".*broken\.safetensors": safetensors: /);
  });

  it('describes a model in several files in the order of its index, and what its files lack', async () => {
    const [first, second] = ['a.safetensors', 'b.safetensors'];
    writeFileSync(join(folder, first), writeSafetensors(u8(['x', 'y']), { format: 'pt' }));
    writeFileSync(join(folder, second), writeSafetensors(u8(['z', 'y2'])));
    const weight_map = { z: second, x: first, y: first, lost: first };
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    const described = await describeSource('spec', folder, { limits });
    expect([...described.tensors.keys()]).to.deep.equal(['z', 'x', 'y']);
    expect([...described.refused.keys()]).to.deep.equal(['lost']);
    expect(described.files).to.equal(2);
  });

  it('tells of a tensor that is in another file of the model too', async () => {
    const [first, second] = ['a.safetensors', 'b.safetensors'];
    writeFileSync(join(folder, first), writeSafetensors(u8(['x', 'z'])));
    writeFileSync(join(folder, second), writeSafetensors(u8(['z'])));
    writeFileSync(
      join(folder, 'model.safetensors.index.json'),
      JSON.stringify({ weight_map: { z: second, x: first } }),
    );
    const { tensors, refused } = await describeSource('spec', folder, { limits });
    expect([...tensors.keys()]).to.deep.equal(['x']);
    expect([...refused]).to.deep.equal([['z', 'it is in a.safetensors too, which the index does not say']]);
  });
});
