import { expect } from 'chai';
import { type JsonKind, JsonReader } from '../../../../src/state-dict/formats/json/reader.js';
import { MEMBER_STEPS } from '../../../../src/state-dict/rules/work.js';
import { errorOf, utf8, workFor } from '../../support.js';

function readerOf(
  text: string | Uint8Array,
  { pythonNumbers = false, maxDepth = 8, work = workFor(0) } = {},
): JsonReader {
  const bytes = typeof text === 'string' ? utf8(text) : text;
  return new JsonReader(bytes, { where: 'spec', unit: 'byte', maxDepth, work, pythonNumbers });
}

/** Walks one value to its end. */
function skip(text: string | Uint8Array, options = {}): void {
  const reader = readerOf(text, options);
  reader.skipValue();
  reader.expectEnd();
}

describe('JsonReader', () => {
  it('tells the kind of the value that comes next, past white space', () => {
    const kinds: [string, JsonKind][] = [
      [' {}', 'object'],
      ['\t[]', 'list'],
      ['\n""', 'string'],
      ['\r-1', 'number'],
      ['true', 'boolean'],
      ['false', 'boolean'],
      ['null', 'null'],
    ];
    for (const [text, kind] of kinds) expect(readerOf(text).kind(), text).to.equal(kind);
  });

  it('walks values of every kind', () => {
    expect(() => skip('{"a":[1,[2,"x",null]],"b":{"c":true},"d":[],"e":{}}')).to.not.throw();
  });

  it('reads strings with every escape, and text beyond ASCII', () => {
    const text = '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00 é😀\u007f"';
    expect(readerOf(text).readString()).to.equal(JSON.parse(text));
  });

  it('keeps a byte order mark that begins a string', () => {
    expect(readerOf('"\ufeffa"').readString()).to.equal('\ufeffa');
  });

  it('reads a string as its bytes: a view without escapes, and unescaped in a copy', () => {
    const plain = readerOf('"abc"');
    const view = plain.readStringBytes();
    expect(view).to.deep.equal(utf8('abc'));
    expect(view.buffer).to.equal(plain.bytes.buffer);
    plain.expectEnd();
    const escaped = readerOf(' "a\\/c" ');
    escaped.peek();
    const copy = escaped.readStringBytes();
    expect(copy).to.deep.equal(utf8('a/c'));
    expect(copy.buffer).not.to.equal(escaped.bytes.buffer);
    escaped.expectEnd();
  });

  it('decodes a string with escapes once, not once per escape', () => {
    const original = TextDecoder.prototype.decode;
    let decodes = 0;
    TextDecoder.prototype.decode = function (...input) {
      decodes++;
      return original.apply(this, input);
    };
    try {
      expect(readerOf(`"${'a\\n\\u00e9'.repeat(1000)}"`).readString()).to.equal('a\né'.repeat(1000));
    } finally {
      TextDecoder.prototype.decode = original;
    }
    expect(decodes).to.equal(1);
  });

  it('reads numbers as JSON.parse does, and keeps their text', () => {
    for (const text of [
      '0',
      '-0',
      '12',
      '-3.25',
      '1e5',
      '1E+5',
      '2.5e-3',
      '123456789012345678',
      '0.1',
      '1e400',
    ]) {
      const reader = readerOf(`[${text} ]`);
      reader.readList(() => expect(reader.readNumber(), text).to.equal(JSON.parse(text)));
      expect(readerOf(text).readNumber()).to.equal(JSON.parse(text));
    }
    const long = readerOf('9007199254740993');
    long.readNumber();
    expect(long.tokenText()).to.equal('9007199254740993');
  });

  it('reads numbers on both sides of the block that it decodes at once', () => {
    const numbers = Array.from({ length: 30_000 }, (_, i) => i / 7);
    const reader = readerOf(JSON.stringify(numbers));
    const read: number[] = [];
    reader.readList(() => read.push(reader.readNumber()));
    expect(read).to.deep.equal(numbers);
    reader.position = 1;
    expect(reader.readNumber()).to.equal(0);
  });

  it('takes NaN and the infinities only where Python numbers are allowed', () => {
    for (const text of ['NaN', 'Infinity', '-Infinity']) {
      expect(readerOf(text, { pythonNumbers: true }).readNumber(), text).to.deep.equal(Number(text));
      expect(errorOf(() => skip(text)).message, text).to.match(
        /expected (a JSON value|a digit), got '[NI]'$/,
      );
    }
    expect(errorOf(() => skip('-NaN', { pythonNumbers: true })).message).to.match(
      /expected a digit, got 'N'$/,
    );
  });

  describe('refuses, naming the byte,', () => {
    const cases: [string, string | Uint8Array, string, string][] = [
      ['an empty text', '', 'INVALID_SYNTAX', 'spec: byte 0: expected a JSON value, got the end of the text'],
      [
        'a byte order mark',
        '\ufeff{}',
        'INVALID_SYNTAX',
        'spec: byte 0: expected a JSON value, got byte 0xef',
      ],
      [
        'a trailing comma in a list',
        '[1,]',
        'INVALID_SYNTAX',
        "spec: byte 3: expected a JSON value, got ']'",
      ],
      [
        'a trailing comma in an object',
        '{"a":1,}',
        'INVALID_SYNTAX',
        "spec: byte 7: expected a member name in double quotes, got '}'",
      ],
      ['a missing colon', '{"a" 1}', 'INVALID_SYNTAX', "spec: byte 5: expected ':', got '1'"],
      ['a missing comma', '[1 2]', 'INVALID_SYNTAX', "spec: byte 3: expected ',' or ']', got '2'"],
      ['the wrong bracket', '[1}', 'INVALID_SYNTAX', "spec: byte 2: expected ',' or ']', got '}'"],
      [
        'text after the value',
        '{} x',
        'INVALID_SYNTAX',
        "spec: byte 3: expected the end of the text, got 'x'",
      ],
      ['a leading zero', '[02]', 'INVALID_SYNTAX', "spec: byte 2: expected ',' or ']', got '2'"],
      ['a bare sign', '[-]', 'INVALID_SYNTAX', "spec: byte 2: expected a digit, got ']'"],
      ['a bare point', '[1.]', 'INVALID_SYNTAX', "spec: byte 3: expected a digit, got ']'"],
      ['a bare exponent', '[1e]', 'INVALID_SYNTAX', "spec: byte 3: expected a digit, got ']'"],
      ['a word that is none', '[nul]', 'INVALID_SYNTAX', "spec: byte 4: expected null, got ']'"],
      [
        'a comment',
        '{/**/}',
        'INVALID_SYNTAX',
        "spec: byte 1: expected a member name in double quotes, got '/'",
      ],
      [
        'a control character in a string',
        '"a\nb"',
        'INVALID_SYNTAX',
        "spec: byte 2: expected a character of a string or '\"', got byte 0x0a",
      ],
      [
        'a string without an end',
        '"abc',
        'INVALID_SYNTAX',
        "spec: byte 4: expected a character of a string or '\"', got the end of the text",
      ],
      [
        'a string that ends in a backslash',
        '"ab\\',
        'INVALID_SYNTAX',
        "spec: byte 4: expected a character of a string or '\"', got the end of the text",
      ],
      [
        'bytes around an escape that are not UTF-8',
        Uint8Array.of(0x22, 0xc3, 0x5c, 0x6e, 0xa9, 0x22),
        'INVALID_SYNTAX',
        'spec: byte 1: expected UTF-8 text, got bytes that are not',
      ],
      ['an unknown escape', '"\\x41"', 'INVALID_SYNTAX', 'spec: byte 1: expected a JSON escape, got \\x'],
      [
        'an escape with too few digits',
        '"\\u12"',
        'INVALID_SYNTAX',
        'spec: byte 1: expected four hexadecimal digits after \\u, got "12\\""',
      ],
      [
        'a lone high surrogate',
        '"\\ud800\\u0041"',
        'INVALID_SYNTAX',
        'spec: byte 1: expected a whole character, got the lone surrogate \\ud800',
      ],
      [
        'a lone low surrogate',
        '"\\udc00"',
        'INVALID_SYNTAX',
        'spec: byte 1: expected a whole character, got the lone surrogate \\udc00',
      ],
      [
        'bytes that are not UTF-8',
        Uint8Array.of(0x22, 0x61, 0xff, 0x22),
        'INVALID_SYNTAX',
        'spec: byte 1: expected UTF-8 text, got bytes that are not',
      ],
      [
        'a surrogate written in UTF-8',
        Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
        'INVALID_SYNTAX',
        'spec: byte 1: expected UTF-8 text, got bytes that are not',
      ],
      [
        'a second member of one name',
        '{"a":1,"\\u0061":2}',
        'DUPLICATE_NAME',
        'spec: byte 7: expected each name once per object, got "a" again',
      ],
    ];
    for (const [fault, text, code, message] of cases) {
      it(fault, () => {
        const error = errorOf(() => skip(text));
        expect(error.message).to.equal(message);
        expect(error.code).to.equal(code);
      });
    }
  });

  it('reads as deep as maxDepth and not a level deeper, in lists and objects', () => {
    expect(() => skip('[[[1]]]', { maxDepth: 3 })).to.not.throw();
    expect(() => skip('{"a":[{}]}', { maxDepth: 3 })).to.not.throw();
    const error = errorOf(() => skip('{"a":[[{}]]}', { maxDepth: 3 }));
    expect(error.message).to.equal('spec: byte 7: expected at most 3 levels of nesting, got another level');
    expect(error.code).to.equal('TOO_LARGE');
  });

  it('spends the same for each member of all objects', () => {
    const work = workFor(0);
    skip('[{"a":{"b":1,"c":2}},{"d":3}]', { work });
    expect(work.steps).to.equal(4 * MEMBER_STEPS);
    work.spend(work.most - work.steps - MEMBER_STEPS);
    expect(errorOf(() => skip('{"a":{"b":1}}', { work })).code).to.equal('TOO_LARGE');
  });

  it('refuses a million brackets without running out of stack', () => {
    expect(errorOf(() => skip('['.repeat(1e6), { maxDepth: 127 })).message).to.equal(
      'spec: byte 127: expected at most 127 levels of nesting, got another level',
    );
  });

  it('shortens the text of a token to 40 characters', () => {
    const reader = readerOf('1'.repeat(41));
    reader.readNumber();
    expect(reader.tokenText()).to.equal(`${'1'.repeat(40)}...`);
  });
});
