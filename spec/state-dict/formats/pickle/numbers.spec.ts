import { expect } from 'chai';
import { floatOfText, intOfBytes, intOfText } from '../../../../src/state-dict/formats/pickle/numbers.js';

describe('intOfBytes', () => {
  it('reads the complement of two of any length, exactly', () => {
    expect(intOfBytes(Uint8Array.of())).to.equal(0);
    expect(intOfBytes(Uint8Array.of(0xff, 0))).to.equal(255);
    expect(intOfBytes(Uint8Array.of(0xff))).to.equal(-1);
    expect(intOfBytes(Uint8Array.of(0, 0x80))).to.equal(-32768);
    expect(intOfBytes(Uint8Array.of(1, 0, 0, 0, 0, 0, 0x20))).to.equal(2n ** 53n + 1n);
    const magic = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
    expect(intOfBytes(Uint8Array.from(magic))).to.equal(0x1950a86a20f9469cfc6cn);
  });
});

describe('intOfText and floatOfText', () => {
  it('read what Python prints', () => {
    expect(intOfText('+5')).to.equal(5);
    expect(intOfText('-9007199254740993')).to.equal(-9007199254740993n);
    expect(floatOfText('-1.5e-07')).to.equal(-1.5e-7);
    expect(floatOfText('1e+16')).to.equal(1e16);
    expect(floatOfText('-inf')).to.equal(Number.NEGATIVE_INFINITY);
    expect(floatOfText('nan')).to.be.NaN;
  });

  it('refuse what JavaScript alone takes for a number', () => {
    for (const text of ['', ' 1', '1 ', '0x1', '1_0', 'Infinity', '--1', 'e5', '.', '1.5.', '١']) {
      expect(intOfText(text), text).to.equal(undefined);
      expect(floatOfText(text), text).to.equal(undefined);
    }
    expect(intOfText('1.0')).to.equal(undefined);
  });
});
