import { constants, deflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import { inflateHead } from '../../../../src/state-dict/formats/zip/inflate-head.js';
import { Random } from '../../../support/random.js';
import { utf8 } from '../../support.js';
import { noise } from './support.js';

const STRATEGIES = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_FILTERED,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
];

/** Headers as numpy writes them, text, repeats at all distances, noise, nothing. */
const SAMPLES: readonly Uint8Array[] = [
  utf8(
    `\x93NUMPY\x01\0v\0{'descr': '<f4', 'fortran_order': False, 'shape': (300, 200), }`.padEnd(60_000, '\0'),
  ),
  utf8('weights '.repeat(1000)),
  Uint8Array.from([...noise(40_000), ...noise(40_000)]),
  Uint8Array.from({ length: 70_000 }, (_, i) => (i % 300 < 7 ? i : i >> 8)),
  noise(70_000),
  new Uint8Array(100_000),
  utf8('ab'),
  new Uint8Array(0),
];

describe('inflateHead', () => {
  it('gives what zlib deflated, in blocks of all kinds', () => {
    for (const bytes of SAMPLES)
      for (const level of [0, 1, 6, 9])
        for (const strategy of STRATEGIES) {
          const deflated = new Uint8Array(deflateRawSync(bytes, { level, strategy }));
          expect(Buffer.compare(inflateHead(deflated, bytes.length), bytes)).to.equal(0);
          expect(Buffer.compare(inflateHead(deflated, 1e6), bytes)).to.equal(0);
        }
  });

  it('gives the first bytes of an input that is cut short anywhere, and no others', () => {
    const random = new Random(7);
    for (const bytes of SAMPLES)
      for (const strategy of STRATEGIES) {
        const deflated = new Uint8Array(deflateRawSync(bytes, { strategy }));
        for (let i = 0; i < 20; i++) {
          const head = inflateHead(deflated.subarray(0, random.integer(0, deflated.length)), bytes.length);
          expect(Buffer.compare(head, bytes.subarray(0, head.length))).to.equal(0);
        }
      }
  });

  it('finds a header in the first kilobyte, in memory of its own', () => {
    const [bytes = utf8('')] = SAMPLES;
    for (const level of [0, 1, 6, 9]) {
      const head = inflateHead(new Uint8Array(deflateRawSync(bytes, { level })).subarray(0, 1024), 256);
      expect(head).to.deep.equal(bytes.slice(0, 256));
      expect(head.buffer.byteLength).to.equal(256);
    }
  });

  it('ends, whatever it gets', () => {
    const random = new Random(8);
    for (let i = 0; i < 3000; i++) {
      const bytes = Uint8Array.from({ length: random.integer(0, 60) }, () => random.integer(0, 255));
      expect(inflateHead(bytes, 1000).length).to.be.at.most(1000);
    }
    const emptyBlocks = Uint8Array.from({ length: 1000 }, (_, i) => ((i % 5) - 3 >= 0 ? 0xff : 0));
    expect(inflateHead(emptyBlocks, 1000)).to.have.length(0);
  });

  it('gives nothing behind damage', () => {
    for (const damaged of [[0x07], [0x01, 5, 0, 5, 0, 1, 2, 3], [0x03, 0x02], [0xff, 0xff]])
      expect(inflateHead(Uint8Array.from(damaged), 100)).to.have.length(0);
  });
});
