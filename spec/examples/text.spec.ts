import { expect } from 'chai';
import { createEncoder, normalise, PAD, UNKNOWN } from '../../examples/language-id/text.js';

describe('examples/language-id/text', () => {
  const encode = createEncoder('abß𝒳é');

  it('numbers characters by their position in the vocabulary, from 2', () => {
    expect(encode('abßé')).to.deep.equal([2, 3, 4, 6]);
  });

  it('gives a character outside the vocabulary an index that is not the padding', () => {
    expect(encode('a?b')).to.deep.equal([2, UNKNOWN, 3]);
    expect(UNKNOWN).not.to.equal(PAD);
  });

  it('reads code points, as Python does, where a character takes two UTF-16 units', () => {
    expect(encode('𝒳a😀')).to.deep.equal([5, 2, UNKNOWN]);
  });

  it('encodes capital letters and decomposed accents as their lower-case composed forms', () => {
    expect(encode('ABE\u0301')).to.deep.equal([2, 3, 6]);
  });

  it('lower-cases the dotted capital I of Turkish to two characters, as Python does', () => {
    expect(Array.from(normalise('İ'))).to.deep.equal(['i', '\u0307']);
  });

  it('gives an empty text no index', () => {
    expect(encode('')).to.deep.equal([]);
  });
});
