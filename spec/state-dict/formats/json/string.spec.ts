import { expect } from 'chai';
import { unescapeString } from '../../../../src/state-dict/formats/json/string.js';
import { errorOf, utf8 } from '../../support.js';

function unescaped(text: string): string {
  const quoted = utf8(`"${text}"`);
  const bytes = unescapeString(quoted, 1, quoted.length - 1, (offset, rule, got) =>
    Error(`${offset}: ${rule}, ${got}`),
  );
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

describe('unescapeString', () => {
  it('resolves every escape of one letter', () => {
    const text = '\\"\\\\\\/\\b\\f\\n\\r\\t';
    expect(unescaped(text)).to.equal(JSON.parse(`"${text}"`));
  });

  it('resolves the escape of every code point, in digits of either case', () => {
    const escaped = (unit: number) => `\\u${unit.toString(16).padStart(4, '0')}`;
    for (let point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 0x333) {
      if (point >= 0xd800 && point <= 0xdfff) continue;
      const character = String.fromCodePoint(point);
      const text = Array.from({ length: character.length }, (_, i) => escaped(character.charCodeAt(i))).join(
        '',
      );
      if (unescaped(text) !== character) expect.fail(`U+${point.toString(16)}`);
      if (unescaped(text.toUpperCase().replaceAll('U', 'u')) !== character)
        expect.fail(`U+${point.toString(16)}`);
    }
    expect(unescaped(escaped(0xdbff) + escaped(0xdfff))).to.equal('\u{10ffff}');
  });

  it('keeps what stands between escapes', () => {
    expect(unescaped('é\\n😀\\u0041x')).to.equal('é\n😀Ax');
    expect(unescaped('')).to.equal('');
  });

  it('refuses invalid escapes, naming where they begin', () => {
    const fault = (text: string) => errorOf(() => unescaped(text)).message;
    expect(fault('ab\\x41')).to.equal('3: a JSON escape, \\x');
    expect(fault('ab\\u12g4')).to.equal('3: four hexadecimal digits after \\u, "12g4"');
    expect(fault('\\ud83d\\u+123')).to.equal('1: four hexadecimal digits after \\u, "+123"');
    expect(fault('\\ud83dx')).to.equal('1: a whole character, the lone surrogate \\ud83d');
    expect(fault('\\ud83d\\ud83d')).to.equal('1: a whole character, the lone surrogate \\ud83d');
    expect(fault('\\ude00\\ude00')).to.equal('1: a whole character, the lone surrogate \\ude00');
  });
});
