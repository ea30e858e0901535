import { expect } from 'chai';
import { memoryAccess, type ReadOne, rangedAccess } from '../../../src/state-dict/sources/ranges.js';
import type { ReadProgress, Transfer } from '../../../src/state-dict/sources/stream.js';
import { rejectionOf, utf8 } from '../support.js';

const TRANSFER: Transfer = { where: 'spec', source: 'path "m"', maxBytes: 100 };
const BYTES = utf8('abcdefgh');
const NONE = new Uint8Array(0);

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
  /** Bytes further apart than what is joined. */
  const FAR = 1 << 17;
  const WIDE = Uint8Array.from({ length: 8 * FAR }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

  /** Reads of WIDE, noted in the order of their beginning. */
  function noting(asked: [number, number][], waits = false): ReadOne {
    return async ({ begin, end }, { onProgress }) => {
      asked.push([begin, end]);
      if (waits) await new Promise(setImmediate);
      onProgress?.({ loaded: end - begin });
      return WIDE.slice(begin, end);
    };
  }

  it('gives ranges in the order asked for, and tells progress that counts on', async () => {
    const told: ReadProgress[] = [];
    const transfer = { ...TRANSFER, onProgress: (progress: ReadProgress) => told.push(progress) };
    const source = rangedAccess(WIDE.length, transfer, noting([]));
    const ranges = [
      { begin: 4 * FAR, end: 4 * FAR + 3 },
      { begin: 0, end: 1 },
    ];
    expect(await source.read(ranges)).to.deep.equal(ranges.map(({ begin, end }) => WIDE.slice(begin, end)));
    await source.read([{ begin: 2 * FAR, end: 2 * FAR + 2 }]);
    expect(told).to.deep.equal([{ loaded: 1 }, { loaded: 4 }, { loaded: 6 }]);
  });

  it('does not read again what it has of the beginning, or has read a short time ago', async () => {
    const asked: [number, number][] = [];
    const source = rangedAccess(WIDE.length, { ...TRANSFER, maxBytes: 1e6 }, noting(asked), {
      head: WIDE.subarray(0, 4),
    });
    const [first, second] = await source.read([
      { begin: 1, end: 4 },
      { begin: FAR, end: FAR + 100 },
    ]);
    expect([first, second]).to.deep.equal([WIDE.slice(1, 4), WIDE.slice(FAR, FAR + 100)]);
    expect(await source.read([{ begin: FAR + 9, end: FAR + 99 }])).to.deep.equal([
      WIDE.slice(FAR + 9, FAR + 99),
    ]);
    expect(asked).to.deep.equal([[FAR, FAR + 100]]);
    // Long reads are the elements of tensors, and many short ones let go of the first.
    const long = { begin: 2 * FAR, end: 3 * FAR + 1 };
    await source.read([long]);
    await source.read([long]);
    for (const i of [4, 5, 6, 7]) await source.read([{ begin: i * FAR, end: i * FAR + 1 }]);
    await source.read([{ begin: FAR, end: FAR + 1 }]);
    expect(asked.filter(([begin]) => begin === 2 * FAR)).to.have.length(2);
    expect(asked.at(-1)).to.deep.equal([FAR, FAR + 1]);
  });

  it('cuts long ranges, has so many reads under way and no more, and puts the pieces together', async () => {
    for (const atOnce of [1, 3, 100]) {
      const asked: [number, number][] = [];
      let underWay = 0;
      let most = 0;
      const read: ReadOne = async (range, transfer) => {
        most = Math.max(most, ++underWay);
        // Later pieces arrive first.
        for (let i = 0; i < 20 - asked.length; i++) await new Promise(setImmediate);
        underWay--;
        return noting(asked)(range, transfer);
      };
      const source = rangedAccess(WIDE.length, { ...TRANSFER, maxBytes: 1e7 }, read, {
        atOnce,
        maxBytes: 1000,
      });
      const ranges = [
        { begin: 8, end: 4508 },
        { begin: FAR, end: FAR + 1000 },
      ];
      expect(await source.read(ranges)).to.deep.equal(ranges.map(({ begin, end }) => WIDE.slice(begin, end)));
      expect(most).to.equal(Math.min(atOnce, 6));
      expect(asked.map(([begin, end]) => end - begin).sort()).to.deep.equal([
        1000, 1000, 1000, 1000, 1000, 500,
      ]);
    }
  });

  it('ends the other reads where one fails, begins no more, and throws what that threw', async () => {
    const cause = new Error('broken');
    const failure = new Error('no part', { cause });
    let begun = 0;
    let ended = 0;
    const read: ReadOne = async ({ begin }, { signal }) => {
      begun++;
      await new Promise(setImmediate);
      if (begin === 1000) throw failure;
      await new Promise<void>((_, reject) => {
        const stop = () => {
          ended++;
          reject(signal?.reason);
        };
        if (signal?.aborted) stop();
        else signal?.addEventListener('abort', stop);
      });
      return NONE;
    };
    const source = rangedAccess(WIDE.length, { ...TRANSFER, maxBytes: 1e7 }, read, {
      atOnce: 4,
      maxBytes: 1000,
    });
    const error = await rejectionOf(source.read([{ begin: 0, end: 100_000 }]));
    expect(error).to.equal(failure);
    expect(error.cause).to.equal(cause);
    expect([begun, ended]).to.deep.equal([4, 3]);
  });

  it('takes neither pieces nor memory for a declared size before bytes arrive', async () => {
    const failure = new Error('no more');
    let asked = 0;
    const read: ReadOne = async ({ begin, end }) => {
      asked++;
      if (begin > 0) throw failure;
      return new Uint8Array(end - begin);
    };
    const size = 2 ** 36;
    const source = rangedAccess(size, { ...TRANSFER, maxBytes: size }, read, { maxBytes: 1 << 16 });
    expect(await rejectionOf(source.read([{ begin: 0, end: size }]))).to.equal(failure);
    expect(asked).to.equal(2);
  });

  it('counts what has arrived of a declared size', async () => {
    const source = rangedAccess(2 ** 52, { ...TRANSFER, maxBytes: 1e6 }, noting([]), {
      head: WIDE.subarray(0, 8),
      isDeclared: true,
      maxBytes: 1000,
    });
    await source.read([{ begin: FAR, end: FAR + 2500 }]);
    expect(source.received?.()).to.equal(8 + 2500);
    expect(rangedAccess(8, TRANSFER, readOne).received).to.equal(undefined);
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
    await source.read([{ begin: 0, end: 4 }]);
    const unread = rangedAccess(8, transfer, () => expect.fail('read'));
    const cut = rangedAccess(1e6, transfer, () => expect.fail('read'), { maxBytes: 1 });
    for (const [name, got, error] of [
      ['sum', 10, await rejectionOf(source.read([{ begin: 0, end: 5 }]))],
      ['one', 6, await rejectionOf(unread.read([{ begin: 0, end: 6 }]))],
      ['one in pieces', 1e6, await rejectionOf(cut.read([{ begin: 0, end: 1e6 }]))],
    ] as [string, number, Error][]) {
      expect(error, name).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(
        `spec: path "m": expected at most 5 bytes (limits.maxBytes), got ${got}`,
      );
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
