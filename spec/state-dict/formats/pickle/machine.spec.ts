import { expect } from 'chai';
import { errorOf } from '../../support.js';
import { bytesOfParts, readBytes } from './support.js';

describe('Machine', () => {
  it('holds a pickle to one instruction for 16 bytes of maxPickleBytes, or 65,536', () => {
    const run = (instructions: number, maxPickleBytes: number) =>
      readBytes(bytesOfParts('N0'.repeat((instructions - 2) / 2), 'N.'), { maxPickleBytes });
    for (const [most, bytes] of [
      [65_536, 16],
      [80_000, 16 * 80_000],
    ] as const) {
      expect(() => run(most, bytes)).not.to.throw();
      const error = errorOf(() => run(most + 2, bytes));
      expect(error.code).to.equal('TOO_LARGE');
      expect(error.message).to.equal(
        `pickle: spec byte ${most} (NONE): expected at most ${most} instructions, got more. ` +
          'Raise limits.maxPickleBytes to read it',
      );
    }
  });

  it('names what Python 3 has renamed by its new name, and makes one object for one name', () => {
    const { globals } = readBytes(bytesOfParts('c__builtin__\nset\n0c__builtin__\nset\n0cos\nsystem\n.'));
    expect(globals).to.deep.equal([
      { kind: 'global', module: '__builtin__', name: 'set', fullName: 'builtins.set' },
      { kind: 'global', module: 'os', name: 'system', fullName: 'os.system' },
    ]);
  });
});
