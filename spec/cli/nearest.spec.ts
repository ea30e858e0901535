import { expect } from 'chai';
import { nearest } from '../../src/cli/nearest.js';

describe('nearest', () => {
  const COMMANDS = ['inspect', 'convert', 'verify'];

  it('finds the word that a slip was meant for', () => {
    expect(nearest('inspct', COMMANDS)).to.equal('inspect');
    expect(nearest('convrrt', COMMANDS)).to.equal('convert');
    expect(nearest('verifyy', COMMANDS)).to.equal('verify');
    expect(nearest('batchfirst', ['input', 'batch-first'])).to.equal('batch-first');
  });

  it('takes the one with fewer edits, the first of equals', () => {
    expect(nearest('hat', ['cart', 'cat', 'bat'])).to.equal('cat');
  });

  it('finds none for another word', () => {
    expect(nearest('train', COMMANDS)).to.equal(undefined);
    expect(nearest('x', ['to'])).to.equal(undefined);
    expect(nearest('', COMMANDS)).to.equal(undefined);
    expect(nearest('inspect'.repeat(1_000_000), COMMANDS)).to.equal(undefined);
  });
});
