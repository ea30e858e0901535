import { expect } from 'chai';
import { sizeText } from '../../../src/program/graph/size-text.js';

const S = "Symbol('s27', positive=True, integer=True)";

/** What torch 2.13 writes into files, and how people write it. */
const EXPRESSIONS: readonly (readonly [srepr: string, text: string])[] = [
  [S, 's27'],
  [`Add(FloorDiv(${S}, Integer(2)), Integer(1))`, 's27 // 2 + 1'],
  [`Mul(Integer(2), Symbol('u0', integer=True))`, '2 * u0'],
  [`FloorDiv(Add(${S}, Integer(-1)), Integer(2))`, '(s27 + (-1)) // 2'],
  [`Mul(Integer(3), FloorDiv(${S}, Integer(3)))`, '3 * (s27 // 3)'],
  [`FloorDiv(Mul(Integer(3), ${S}), Integer(3))`, '(3 * s27) // 3'],
  [`Pow(${S}, Integer(2))`, 's27 ** 2'],
  [`Max(Integer(1), Mod(${S}, Integer(4)))`, 'Max(1, s27 % 4)'],
];

describe('the text of a size', () => {
  for (const [srepr, text] of EXPRESSIONS)
    it(`is ${text}`, () => {
      expect(sizeText(srepr)).to.equal(text);
    });

  it('is that of the file where it is no expression', () => {
    for (const text of ['', 's27 + 1', 'Add(', `Add(${S}) and more`, `Add(${S}, x)`, '2*s27'])
      expect(sizeText(text)).to.equal(text);
    const deep = `${'Abs('.repeat(100)}${S}${')'.repeat(100)}`;
    expect(sizeText(deep)).to.equal(deep);
  });
});
