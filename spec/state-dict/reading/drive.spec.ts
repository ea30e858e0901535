import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { runAsync, runSync, within } from '../../../src/state-dict/reading/drive.js';
import {
  type InflateRequest,
  inflate,
  type Reading,
  readRange,
  readRanges,
} from '../../../src/state-dict/reading/reading.js';
import { memoryAccess } from '../../../src/state-dict/sources/ranges.js';
import { errorOf, rejectionOf, utf8 } from '../support.js';

const BYTES = utf8('abcdefgh');
const REQUEST = { wrapper: 'zip', bytes: BYTES, maxBytes: 9, what: 'entry "w"' } as const;

/** What a reader may do: reads of one range and of several, in any order, and inflating. */
function* reading(): Reading<string> {
  const [tail, head] = yield* readRanges([
    { begin: 6, end: 8 },
    { begin: 0, end: 2 },
  ]);
  const none = yield* readRange(3, 3);
  const inflated = yield* inflate(REQUEST);
  return [tail, head, none, inflated].map((bytes) => new TextDecoder().decode(bytes)).join('|');
}

/** Inflates as nothing does, so that its answer cannot be taken for another's. */
const shout = ({ bytes }: InflateRequest) => utf8(new TextDecoder().decode(bytes).toUpperCase());
const SERVICES = { inflate: shout };
const SERVICES_LATER = { inflate: async (request: InflateRequest) => shout(request) };

describe('runSync', () => {
  it('answers from memory, in the order asked for, and without a copy', () => {
    expect(runSync(reading(), BYTES, SERVICES)).to.equal('gh|ab||ABCDEFGH');
    expect(runSync(readRange(2, 5), BYTES).buffer).to.equal(BYTES.buffer);
  });

  it('refuses to inflate where nothing can', () => {
    const error = errorOf(() => runSync(reading(), BYTES));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal('reading: entry "w": expected bytes as they are, got compressed ones');
  });

  it('refuses ranges outside the bytes, which a view would shorten in silence', () => {
    for (const [begin, end] of [
      [0, 9],
      [-1, 2],
      [5, 4],
      [Number.NaN, 4],
    ]) {
      const error = errorOf(() => runSync(readRange(begin, end), BYTES));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.equal(
        `reading: range: expected one inside the 8 bytes, got [${begin}, ${end}]`,
      );
    }
  });
});

describe('runAsync', () => {
  it('answers from a source as runSync does from memory', async () => {
    expect(await runAsync(reading(), memoryAccess(BYTES), SERVICES_LATER)).to.equal('gh|ab||ABCDEFGH');
  });

  it('refuses to inflate where nothing can, and ranges outside the source before it is asked', async () => {
    expect(await rejectionOf(runAsync(reading(), memoryAccess(BYTES)))).to.be.instanceOf(UnsupportedError);
    const source = { ...memoryAccess(BYTES), read: () => expect.fail('asked') };
    expect((await rejectionOf(runAsync(readRange(0, 9), source))).message).to.equal(
      'reading: range: expected one inside the 8 bytes, got [0, 9]',
    );
  });
});

describe('within', () => {
  it('answers reads of the inner reading from its bytes, and passes inflating on', () => {
    function* outer(): Reading<string> {
      const first = yield* readRange(0, 1);
      return `${String.fromCharCode(first[0])}:${yield* within(utf8('12345678'), reading())}`;
    }
    expect(runSync(outer(), BYTES, SERVICES)).to.equal('a:78|12||ABCDEFGH');
    expect(() => runSync(within(utf8('12'), readRange(0, 3)), BYTES)).to.throw('inside the 2 bytes');
  });
});
