import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { describeSource } from '../../../src/state-dict/describe.js';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { resolveLimits } from '../../../src/state-dict/rules/limits.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { errorOf, rejectionOf, safetensorsFile, utf8 } from '../support.js';
import { ints, pickledDict, storagePart, tensorPart, torchZip } from './torch/support.js';

const TENSORS: StateDict = new Map([
  ['gru.w', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2) }],
  ['fc.b', { dtype: 'F32', shape: [1], data: Float32Array.of(3) }],
]);

const gzip = (bytes: Uint8Array): Uint8Array => new Uint8Array(gzipSync(bytes));

describe('files that gzip wrote', () => {
  it('hold a file of any format, read synchronously and asynchronously', async () => {
    const npz = new Uint8Array(readFileSync(new URL('../../fixtures/numpy/compressed.npz', import.meta.url)));
    const files = [writeSafetensors(TENSORS), utf8('{"a": [1, 2]}'), npz];
    for (const file of files) {
      const plain = parseStateDict(file);
      expect(parseStateDict(gzip(file))).to.deep.equal(plain);
      expect(await readStateDict(gzip(file))).to.deep.equal(plain);
      expect(await readStateDict(new Blob([gzip(file) as BlobPart]))).to.deep.equal(plain);
      const { tensors } = await describeSource('spec', gzip(file), { limits: resolveLimits('spec') });
      expect([...tensors.keys()]).to.deep.equal([...plain.keys()]);
    }
  });

  it('are read in part where a part is asked for', async () => {
    const blob = new Blob([gzip(writeSafetensors(TENSORS)) as BlobPart]);
    expect([...(await readStateDict(blob, { select: ['gru'] })).keys()]).to.deep.equal(['gru.w']);
  });

  it('become no more than limits.maxBytes', async () => {
    const bomb = gzip(new Uint8Array(1 << 24));
    const limits = { maxBytes: 1 << 20 };
    for (const error of [
      errorOf(() => parseStateDict(bomb, { limits })),
      await rejectionOf(readStateDict(bomb, { limits })),
    ])
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'TOO_LARGE');
  });

  it('may ask for as many bytes as the gzip file may, not as its content', () => {
    const size = 2 ** 20;
    const pickle = pickledDict({
      w: [tensorPart(storagePart('ByteStorage', '0', size), 0, ints(300, size), ints(0, 1))],
    });
    const file = torchZip(pickle, { 'data/0': new Uint8Array(size) });
    const limits = { maxExpansion: 1000 };
    const error = errorOf(() => parseStateDict(gzip(file), { limits }));
    expect(error.message).to.match(
      /at most 268435456 bytes that are not views of the file \(limits.maxExpansion\), got 314572800/,
    );
  });

  it('are not looked for inside each other', () => {
    const error = errorOf(() => parseStateDict(gzip(gzip(utf8('{}')))));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(/got a gzip file in a gzip file\. Decompress it first/);
  });

  it('are malformed where they end too early', () => {
    const file = gzip(writeSafetensors(TENSORS));
    const error = errorOf(() => parseStateDict(file.subarray(0, file.length - 9)));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
  });

  it('are not safetensors files whose header length spells the mark', () => {
    const length = 0x088b1f;
    const file = safetensorsFile(`{}${' '.repeat(length - 2)}`);
    expect([...file.subarray(0, 3)]).to.deep.equal([0x1f, 0x8b, 0x08]);
    expect(parseStateDict(file).size).to.equal(0);
  });
});
