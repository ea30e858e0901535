import { expect } from 'chai';
import { memoryAccess, type ReadOne, rangedAccess } from '../../../src/state-dict/sources/ranges.js';
import type { ReadProgress, Transfer } from '../../../src/state-dict/sources/stream.js';
import { rejectionOf, utf8 } from '../support.js';

const TRANSFER: Transfer = { where: 'spec', source: 'path "m"', maxBytes: 100 };
const BYTES = utf8('abcdefgh');

const readOne: ReadOne = async ({ begin, end }, { onProgress }) => {
  onProgress?.({ loaded: end - begin });
  return BYTES.slice(begin, end);
};

describe('memoryAccess', () => {
  it('gives views of the bytes', async () => {
    const source = memoryAccess(BYTES);
    const [bytes] = await source.read([{ begin: 1, end: 3 }]);
    expect([source.size, bytes.buffer, bytes.byteOffset, bytes.length]).to.deep.equal([
      8,
      BYTES.buffer,
      1,
      2,
    ]);
    await source.close();
  });
});

describe('rangedAccess', () => {
  it('gives ranges in the order asked for, and tells progress that counts on', async () => {
    const told: ReadProgress[] = [];
    const transfer = { ...TRANSFER, onProgress: (progress: ReadProgress) => told.push(progress) };
    const source = rangedAccess(8, transfer, readOne);
    const answers = await source.read([
      { begin: 5, end: 8 },
      { begin: 0, end: 1 },
    ]);
    expect(answers).to.deep.equal([utf8('fgh'), utf8('a')]);
    await source.read([{ begin: 2, end: 4 }]);
    expect(told).to.deep.equal([{ loaded: 3 }, { loaded: 4 }, { loaded: 6 }]);
  });

  it('does not read again what it has of the beginning', async () => {
    const asked: number[] = [];
    const counted: ReadOne = (range, transfer) => {
      asked.push(range.begin);
      return readOne(range, transfer);
    };
    const source = rangedAccess(8, TRANSFER, counted, { head: BYTES.subarray(0, 4) });
    const answers = await source.read([
      { begin: 1, end: 4 },
      { begin: 3, end: 5 },
    ]);
    expect(answers).to.deep.equal([utf8('bcd'), utf8('de')]);
    expect(asked).to.deep.equal([3]);
  });

  it('asks for no range without bytes, which HTTP cannot ask for', async () => {
    const source = rangedAccess(8, TRANSFER, () => expect.fail('read'));
    expect(await source.read([{ begin: 8, end: 8 }])).to.deep.equal([new Uint8Array(0)]);
  });

  it('reads many ranges that lie close together as one', async () => {
    const asked: [number, number][] = [];
    const counted: ReadOne = (range, transfer) => {
      asked.push([range.begin, range.end]);
      return readOne(range, transfer);
    };
    const ranges = Array.from({ length: 9 }, (_, i) => ({ begin: i % 8, end: (i % 8) + 1 }));
    const answers = await rangedAccess(8, TRANSFER, counted).read(ranges);
    expect(answers).to.deep.equal([...'abcdefgha'].map(utf8));
    expect(asked).to.deep.equal([[0, 8]]);
  });

  it('holds the sum of all reads to maxBytes, before the read that goes past it', async () => {
    const transfer = { ...TRANSFER, maxBytes: 5 };
    const source = rangedAccess(8, transfer, readOne, { head: BYTES.subarray(0, 1) });
    await source.read([{ begin: 2, end: 6 }]);
    const unread = rangedAccess(8, transfer, () => expect.fail('read'));
    for (const [name, error] of [
      ['sum', await rejectionOf(source.read([{ begin: 6, end: 7 }]))],
      ['one', await rejectionOf(unread.read([{ begin: 0, end: 6 }]))],
    ] as [string, Error][]) {
      expect(error, name).to.be.instanceOf(RangeError);
      expect(error.message).to.equal('spec: path "m": expected at most 5 bytes (limits.maxBytes), got 6');
    }
  });

  it("rejects with the signal's reason before a read and after one", async () => {
    const reason = new Error('no longer needed');
    const controller = new AbortController();
    const aborting: ReadOne = (range, transfer) => {
      controller.abort(reason);
      return readOne(range, transfer);
    };
    const source = rangedAccess(8, { ...TRANSFER, signal: controller.signal }, aborting);
    expect(await rejectionOf(source.read([{ begin: 0, end: 1 }]))).to.equal(reason);
    const unread = rangedAccess(8, { ...TRANSFER, signal: controller.signal }, () => expect.fail('read'));
    expect(await rejectionOf(unread.read([{ begin: 0, end: 1 }]))).to.equal(reason);
  });
});
