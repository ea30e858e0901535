import { expect } from 'chai';
import { checkModulePath, joinPath } from '../../src/state-dict/keys.js';

describe('joinPath', () => {
  it('puts a dot between two paths, and none beside the root', () => {
    expect(joinPath('encoder', 'gru')).to.equal('encoder.gru');
    expect(joinPath('', 'gru')).to.equal('gru');
    expect(joinPath('gru', '')).to.equal('gru');
  });
});

describe('checkModulePath', () => {
  it('accepts the root and dotted paths', () => {
    for (const path of ['', 'gru', 'encoder.0.gru'])
      expect(() => checkModulePath('f', 'prefix', path)).not.to.throw();
  });

  it('throws RangeError for a dot at either end', () => {
    for (const path of ['gru.', '.gru'])
      expect(() => checkModulePath('f', 'prefix', path)).to.throw(
        RangeError,
        `f: prefix: expected a module path without a dot at its end, such as "encoder.gru", got "${path}"`,
      );
  });

  it('throws TypeError for anything but a string', () => {
    expect(() => checkModulePath('f', 'prefix', 3)).to.throw(
      TypeError,
      'f: prefix: expected a module path, got 3',
    );
  });
});
