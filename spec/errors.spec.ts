import { expect } from 'chai';
import { FormatError, StateDictError, UnsupportedError } from '../src/errors.js';

describe('errors', () => {
  it('are Errors whose name is their class', () => {
    for (const error of [new FormatError('CODE', 'm'), new StateDictError('m'), new UnsupportedError('m')]) {
      expect(error).to.be.instanceOf(Error);
      expect(error.message).to.equal('m');
      expect(error.name).to.equal(error.constructor.name);
    }
  });

  it('carry what a caller reacts to', () => {
    expect(new FormatError('TOO_LARGE', 'm').code).to.equal('TOO_LARGE');
    const error = new StateDictError('m', ['a'], ['b'], ['c']);
    expect([error.missing, error.unexpected, error.mismatched]).to.deep.equal([['a'], ['b'], ['c']]);
  });
});
