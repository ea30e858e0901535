import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { crc32ByTables, crc32Of } from '../../../../src/state-dict/formats/zip/crc32.js';
import { utf8 } from '../../support.js';
import { noise } from './support.js';

const NOISE = noise(4099);

describe('crc32Of', () => {
  const original = process.getBuiltinModule;
  afterEach(() => {
    process.getBuiltinModule = original;
  });

  it('is the checksum of zip, by zlib and without', () => {
    expect(crc32Of(utf8('123456789'))).to.equal(0xcbf43926);
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    expect(crc32Of(utf8('123456789'))).to.equal(0xcbf43926);
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = () => ({});
    expect(crc32Of(utf8('123456789'))).to.equal(0xcbf43926);
  });
});

describe('crc32ByTables', () => {
  it('agrees with zlib at each length and place', () => {
    for (let begin = 0; begin < 9; begin++) {
      for (const length of [0, 1, 7, 8, 9, 15, 16, 17, 255, 256, 4090]) {
        const bytes = NOISE.subarray(begin, begin + length);
        expect(crc32ByTables(bytes), `${begin} ${length}`).to.equal(crc32(bytes));
      }
    }
  });
});
