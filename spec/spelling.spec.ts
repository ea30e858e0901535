import { expect } from 'chai';
import { didYouMean, isWithinEditDistance, nearest } from '../src/spelling.js';

describe('isWithinEditDistance', () => {
  it('counts characters inserted, deleted and replaced', () => {
    for (const [a, b, edits] of [
      ['', '', 0],
      ['gru', 'gru', 0],
      ['gru', 'gr', 1],
      ['gr', 'gru', 1],
      ['gru', 'gxu', 1],
      ['inspect', 'inpsect', 2],
      ['lstm', 'rnn', 4],
    ] as const) {
      expect(isWithinEditDistance(edits, a, b), `${a} ${b}`).to.equal(true);
      if (edits > 0) expect(isWithinEditDistance(edits - 1, a, b), `${a} ${b}`).to.equal(false);
    }
  });
});

describe('nearest', () => {
  const COMMANDS = ['inspect', 'convert', 'verify'];

  it('finds the word that a slip was meant for', () => {
    expect(nearest('inspct', COMMANDS)).to.deep.equal(['inspect']);
    expect(nearest('convrrt', COMMANDS)).to.deep.equal(['convert']);
    expect(nearest('verifyy', COMMANDS)).to.deep.equal(['verify']);
    expect(nearest('batchfirst', ['input', 'batch-first'])).to.deep.equal(['batch-first']);
  });

  it('takes those with the fewest edits', () => {
    expect(nearest('hat', ['cart', 'cat', 'bat'])).to.deep.equal(['cat', 'bat']);
  });

  it('finds none for another word', () => {
    expect(nearest('train', COMMANDS)).to.deep.equal([]);
    expect(nearest('x', ['to'])).to.deep.equal([]);
    expect(nearest('', COMMANDS)).to.deep.equal([]);
    expect(nearest('inspect'.repeat(1_000_000), COMMANDS)).to.deep.equal([]);
  });
});

describe('didYouMean', () => {
  it('names every choice that is as near', () => {
    expect(didYouMean('hat', ['cart', 'cat', 'bat'], '--')).to.equal('Did you mean --cat or --bat?');
    expect(didYouMean('train', ['inspect'])).to.equal('');
  });
});
