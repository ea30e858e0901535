import { expect } from 'chai';
import { errorOf } from '../../support.js';
import { bytesOfParts, readBytes } from './support.js';

describe('Machine', () => {
  const cases = [
    { limit: 'maxPickleInstructions', pickle: 'N0N0N.', most: 6, what: 'instructions' },
    { limit: 'maxPickleStack', pickle: '(NNNt.', most: 3, what: 'values on the stack' },
    { limit: 'maxPickleMarks', pickle: '((ttN\x86.', most: 2, what: 'marks' },
    { limit: 'maxPickleMemo', pickle: 'Nq\x01q\x02q\x02q\x09.', most: 3, what: 'values in the memo' },
  ] as const;
  for (const { limit, pickle, most, what } of cases) {
    it(`holds a pickle to ${limit}`, () => {
      expect(() => readBytes(bytesOfParts(pickle), { [limit]: most })).not.to.throw();
      const error = errorOf(() => readBytes(bytesOfParts(pickle), { [limit]: most - 1 }));
      expect(error.code).to.equal('PICKLE_LIMIT');
      expect(error.message).to.contain(
        `expected at most ${most - 1} ${what}, got more. Raise limits.${limit} to read it`,
      );
    });
  }

  it('holds text and bytes to maxPickleString before they are read', () => {
    for (const pickle of ['X\x04\0\0\0abcd.', 'C\x04abcd.', 'U\x04abcd.', 'Vabcd\n.', 'cabcd\nx\n.']) {
      expect(() => readBytes(bytesOfParts(pickle), { maxPickleString: 4 })).not.to.throw();
      const error = errorOf(() => readBytes(bytesOfParts(pickle), { maxPickleString: 3 }));
      expect(error.message).to.contain(
        'expected at most 3 bytes of text or data in one value, got 4. Raise limits.maxPickleString to read it',
      );
    }
    expect(errorOf(() => readBytes(bytesOfParts('X\xff\xff\xff\xff'))).code).to.equal('PICKLE_LIMIT');
  });
});
