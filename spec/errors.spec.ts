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

  it('are known by another copy of the package, and subclasses by themselves alone', () => {
    class Other extends UnsupportedError {}
    const ofAnotherCopy = Object.assign(new Error('m'), { name: 'FormatError' });
    expect(ofAnotherCopy instanceof FormatError).to.equal(true);
    expect(ofAnotherCopy instanceof UnsupportedError).to.equal(false);
    expect(new Other('m') instanceof UnsupportedError).to.equal(true);
    expect(new UnsupportedError('m') instanceof Other).to.equal(false);
  });
});
