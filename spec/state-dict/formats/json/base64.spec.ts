import { expect } from 'chai';
import { decodeBase64 } from '../../../../src/state-dict/formats/json/base64.js';
import { utf8 } from '../../support.js';

describe('decodeBase64', () => {
  it('decodes what Node encodes, at every length and every byte', () => {
    for (let length = 0; length < 300; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 0xff);
      const text = utf8(Buffer.from(bytes).toString('base64'));
      expect(decodeBase64(text), `${length} bytes`).to.deep.equal(bytes);
    }
  });

  for (const text of [
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '====',
    'AA=A',
    'AAAA=',
    ' AAA',
    'AA\n=',
    'AA-_',
    'ab\u0100c',
    'AB==',
    'AAB=',
  ]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      expect(decodeBase64(utf8(text))).to.equal(undefined);
    });
  }
});
