import { expect } from 'chai';
import { textOf } from '../../../../src/state-dict/formats/pickle/text.js';
import { bytesOfParts, int, rootOf, text, tuple } from './support.js';

/** An instruction that pushes a float. */
function float(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytesOfParts('G', bytes);
}

describe('textOf', () => {
  it('writes values as Python does', () => {
    const parts = [
      [['N'], 'None'],
      [['\x88'], 'True'],
      [['K\x05'], '5'],
      [['\x8a\x09', '\xff\xff\x0f\x63\x2d\x5e\xc7\x6b\x05'], '99999999999999999999'],
      [[float(1)], '1.0'],
      [[float(0.25)], '0.25'],
      [[float(Number.NEGATIVE_INFINITY)], '-inf'],
      [[float(Number.NaN)], 'nan'],
      [[float(1e300)], '1e+300'],
      [[text('a"b')], '"a\\"b"'],
      [['C\x02ab'], '2 bytes'],
      [['c_codecs\nencode\n', text('\xff\x00'), text('latin1'), '\x86R'], '2 bytes'],
      [['ccollections\nOrderedDict\n'], 'collections.OrderedDict'],
      [['ca b\nc\n'], '"a b.c"'],
      [[']K\x01aNa'], '[1, None]'],
      [[')'], '()'],
      [['K\x01\x85'], '(1,)'],
      [['(K\x01K\x02\x91'], '{1, 2}'],
      [['}', text('k'), 'K\x01s'], '{"k": 1}'],
      [['cpathlib\nPosixPath\n', tuple(text('/'), text('a')), 'R'], 'pathlib.PosixPath("/", "a")'],
      [[tuple(text('storage'), int(3)), 'Q'], 'persistent ("storage", 3)'],
    ] as const;
    for (const [pickle, expected] of parts) expect(textOf(rootOf(...pickle))).to.equal(expected);
  });

  it('shows some of what is long, deep or in a ring', () => {
    expect(textOf(rootOf('(', 'K\x01'.repeat(9), 't'))).to.equal('(1, 1, 1, 1, 1, 1, 1, 1, ... 9 in all)');
    expect(
      textOf(rootOf('}(', ...Array.from({ length: 9 }, (_, i) => `K${String.fromCharCode(i)}N`), 'u')),
    ).to.match(/^{0: None, .*7: None, ... 9 in all}$/);
    expect(textOf(rootOf('N', '\x85'.repeat(100_000)))).to.equal('(((...,),),)');
    expect(textOf(rootOf(']q\x00h\x00a'))).to.equal('[[[...]]]');
    expect(textOf(rootOf('cf\ng\n', ')R'.repeat(100_000)))).to.equal('...()()()');
    expect(textOf(rootOf('N', 'Q'.repeat(100_000)))).to.match(/^persistent persistent .*\.\.\.$/);
    expect(textOf(rootOf('\x8b\0\x04\0\0', '\x01'.repeat(1024)))).to.equal('a long int');
  });
});
