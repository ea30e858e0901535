import { expect } from 'chai';
import { resolveLimits, tooManyTensors } from '../../../src/state-dict/rules/limits.js';
import { errorOf } from '../support.js';

describe('resolveLimits', () => {
  it('fills in the defaults', () => {
    const defaults = {
      maxHeaderBytes: 25_000_000,
      maxTensors: 100_000,
      maxTensorBytes: 2 ** 32,
      maxExpansion: 16,
      maxEntries: 200_000,
      maxBytes: 2 ** 31,
      maxPickleBytes: 64_000_000,
    };
    expect(resolveLimits('spec')).to.deep.equal(defaults);
    expect(resolveLimits('spec', { maxTensors: 5 })).to.deep.equal({ ...defaults, maxTensors: 5 });
  });

  it('takes headers up to the limit of the format', () => {
    expect(resolveLimits('spec', { maxHeaderBytes: 100_000_000 }).maxHeaderBytes).to.equal(100_000_000);
    const error = errorOf(() => resolveLimits('readStateDict', { maxHeaderBytes: 100_000_001 }));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'readStateDict: limits.maxHeaderBytes: expected at most 100000000, the limit of the format, got 100000001',
    );
  });

  it('refuses limits that are not positive integers', () => {
    expect(errorOf(() => resolveLimits('spec', { maxTensors: 0 })).message).to.equal(
      'spec: limits.maxTensors: expected an integer >= 1, got 0',
    );
    expect(errorOf(() => resolveLimits('spec', { maxPickleBytes: 1.5 })).message).to.equal(
      'spec: limits.maxPickleBytes: expected an integer >= 1, got 1.5',
    );
    expect(errorOf(() => resolveLimits('spec', { maxBytes: Number.NaN }))).to.be.instanceOf(RangeError);
    expect(errorOf(() => resolveLimits('spec', { maxBytes: '1' as unknown as number }))).to.be.instanceOf(
      TypeError,
    );
  });

  it('refuses a limit that it does not know', () => {
    const error = errorOf(() => resolveLimits('spec', { maxbytes: 3 } as object));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'spec: limits: maxbytes: expected one of maxHeaderBytes, maxTensors, maxTensorBytes, maxExpansion, maxEntries, maxBytes, maxPickleBytes, got unknown option "maxbytes". Did you mean maxBytes?',
    );
    expect(errorOf(() => resolveLimits('spec', null as unknown as object)).message).to.equal(
      'spec: limits: expected an object, got null',
    );
  });
});

describe('tooManyTensors', () => {
  it('names the limit to raise', () => {
    const error = tooManyTensors('json', 'root', 2);
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.equal(
      'json: root: expected at most 2 tensors, got more. Raise limits.maxTensors to read it',
    );
  });
});
