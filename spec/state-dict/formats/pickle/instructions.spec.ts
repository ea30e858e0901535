import { expect } from 'chai';
import { asKind, type PickleValue } from '../../../../src/state-dict/formats/pickle/values.js';
import type { FormatCode } from '../../../../src/state-dict/rules/format-codes.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, int, le, type Part, rootOf, text } from './support.js';

function expectError(code: FormatCode, message: string | RegExp, ...parts: readonly Part[]): void {
  const error = errorOf(() => rootOf(...parts));
  expect(error.code, error.message).to.equal(code);
  if (typeof message === 'string') expect(error.message).to.equal(`pickle: spec ${message}`);
  else expect(error.message).to.match(message);
}

const OBJECT = 'cmy\nClass\n)\x81';

function intKey(value: number): PickleValue {
  return { kind: 'int', value };
}

describe('instructions of a pickle', () => {
  describe('for numbers and text', () => {
    it('read texts of Python 2 as text, and as bytes where they are none', () => {
      expect(rootOf('U\x03abc')).to.equal('abc');
      expect(rootOf('T\x02\0\0\0\xc3\xa9')).to.equal('é');
      expect(rootOf('U\x01\xff')).to.deep.equal({ kind: 'bytes', bytes: Uint8Array.of(255) });
    });

    it('read a bytearray of protocol 5 as bytes, which must all be there', () => {
      expect(rootOf('\x96', '\x02\0\0\0\0\0\0\0\xff\0')).to.deep.equal({
        kind: 'bytes',
        bytes: Uint8Array.of(255, 0),
      });
      expectError('TRUNCATED', /BYTEARRAY8/, '\x96', '\xff'.repeat(8));
      expectError('TRUNCATED', /BYTEARRAY8/, '\x96\x09\0\0\0\0\0\0\0\xff');
    });

    it('refuse text that is not UTF-8, lone surrogates included', () => {
      expectError(
        'INVALID_SYNTAX',
        'byte 2 (BINUNICODE): expected UTF-8 text, got bytes that are not',
        'X\x01\0\0\0\xff',
      );
      expectError('INVALID_SYNTAX', /SHORT_BINUNICODE/, '\x8c\x03\xed\xa0\x80');
      expectError('INVALID_SYNTAX', /GLOBAL/, 'c\xff\nname\n');
    });

    it('read escapes of text as Python does: a backslash before another is none', () => {
      // pickle.loads(b'V...\n.') of each.
      for (const [written, read] of [
        ['\\u0041', 'A'],
        ['\\\\u0041', '\\\\u0041'],
        ['\\\\\\u0041', '\\\\A'],
        ['\\U0001f600\\n', '😀\\n'],
        ['a\\', 'a\\'],
      ])
        expect(rootOf(`V${written}\n`), written).to.equal(read);
    });

    it('read ints as text, and refuse leading zeros, which Python takes for octal', () => {
      const read = (line: string) => rootOf(`I${line}\n`);
      expect(['0', '10', '-7', '+7', '-0', '00', '01'].map(read)).to.deep.equal([
        0,
        10,
        -7,
        7,
        0,
        false,
        true,
      ]);
      for (const line of ['010', '-010', '000', '08', '0x10', '']) {
        const refused = ': expected a decimal integer, got other text';
        expectError('INVALID_SYNTAX', `byte 2 (INT)${refused}`, `I${line}\n`);
        expectError('INVALID_SYNTAX', `byte 2 (LONG)${refused}`, `L${line}L\n`);
      }
    });

    it('read ints of any length, exactly', () => {
      const read = (...bytes: number[]) => rootOf('\x8a', Uint8Array.of(bytes.length, ...bytes));
      expect(read()).to.equal(0);
      expect(read(0xff, 0)).to.equal(255);
      expect(read(0xff)).to.equal(-1);
      expect(read(0, 0x80)).to.equal(-32768);
      expect(read(1, 0, 0, 0, 0, 0, 0x20)).to.equal(2n ** 53n + 1n);
      expect(read(0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19)).to.equal(
        0x1950a86a20f9469cfc6cn,
      );
      expect(rootOf('\x8b\x02\0\0\0\xff\xff')).to.equal(-1);
    });

    it('refuse ints longer than any key', () => {
      expect(rootOf('\x8b', le(1024, 4), '\x01'.repeat(1024))).to.be.a('bigint');
      expectError(
        'TOO_LARGE',
        'byte 2 (LONG4): expected an int of at most 1024 bytes, got 1025',
        '\x8b',
        le(1025, 4),
        '\x01'.repeat(1025),
      );
      expectError('TOO_LARGE', /LONG4/, '\x8b\xff\xff\xff\xff');
    });
  });

  describe('for containers', () => {
    it('fill lists, sets and dicts, and objects like them', () => {
      expect(rootOf(']K\x01aK\x02a')).to.deep.include({ kind: 'list', items: [1, 2] });
      expect(rootOf('\x8f(K\x01\x90')).to.deep.include({ kind: 'set', items: [1] });
      expect([...asKind(rootOf('}(K\x01K\x02u'), 'dict')!.entries]).to.deep.equal([[intKey(1), 2]]);
      const object = asKind(rootOf(OBJECT, 'K\x01a(K\x02e(K\x03\x90K\x04K\x05s(K\x06K\x07u'), 'call')!;
      expect(object.items).to.deep.equal([1, 2, 3]);
      expect([...object.entries!]).to.deep.equal([
        [intKey(4), 5],
        [intKey(6), 7],
      ]);
    });

    it('refuse to fill anything else', () => {
      expectError('INVALID_SYNTAX', 'byte 4 (APPEND): expected a list to add to, got {}', '}Na');
      expectError('INVALID_SYNTAX', /APPENDS\): expected a list to add to, got \(\)/, ')(Ne');
      expectError('INVALID_SYNTAX', /ADDITEMS\): expected a set to add to, got \[\]/, '](N\x90');
      expectError('INVALID_SYNTAX', /SETITEM\): expected a dict to set items of, got \[\]/, ']NNs');
      expectError(
        'INVALID_SYNTAX',
        /SETITEMS\): expected a dict to set items of, got "a"/,
        text('a'),
        '(NNu',
      );
    });

    it('refuse a key without a value', () => {
      expectError('INVALID_SYNTAX', 'byte 5 (SETITEMS): expected a value for each key, got one less', '}(Nu');
    });

    it('refuse to take more values than there are, or those below a mark', () => {
      const takers = {
        '\x85': 1,
        '\x86': 2,
        '\x87': 3,
        a: 1,
        s: 2,
        R: 2,
        '\x81': 2,
        '\x92': 1,
        b: 1,
        '\x93': 2,
        Q: 1,
        q: 1,
      };
      for (const [opcode, count] of Object.entries(takers)) {
        const values = 'N'.repeat(count - 1);
        expectError('INVALID_SYNTAX', /values? on the stack, got/, `${values}${opcode}\0`);
        expectError('INVALID_SYNTAX', /values? on the stack above the mark, got/, `NNN(${values}${opcode}\0`);
      }
      expectError('INVALID_SYNTAX', /POP/, '0');
      expectError('INVALID_SYNTAX', 'byte 3 (TUPLE2): expected 2 values on the stack, got 1', ')\x86');
      expectError(
        'INVALID_SYNTAX',
        'byte 4 (TUPLE1): expected 1 value on the stack above the mark, got 0',
        ')(\x85',
      );
    });

    it('refuse to take up to a mark where there is none', () => {
      for (const opcode of 'teu1\x90\x91') {
        expectError('INVALID_SYNTAX', /expected a mark, got none/, `]${opcode}`);
      }
    });
  });

  describe('for objects', () => {
    it('record calls, with keywords and states', () => {
      const call = asKind(
        rootOf('cmy\nmake\n', int(1), '\x85}', text('k'), int(2), 's\x92', int(3), 'b'),
        'call',
      )!;
      expect(call.callable).to.deep.equal({
        kind: 'global',
        module: 'my',
        name: 'make',
        fullName: 'my.make',
      });
      expect(call.args.items).to.deep.equal([1]);
      expect(call.kwargs).to.deep.include({ kind: 'dict', entries: new Map([['k', 2]]) });
      expect(call.state).to.equal(3);
    });

    it('refuse arguments that are not a tuple, and keywords that are not a dict', () => {
      expectError('INVALID_SYNTAX', /REDUCE\): expected a tuple of arguments, got \[\]/, 'cmy\nmake\n]R');
      expectError('INVALID_SYNTAX', /NEWOBJ\): expected a tuple of arguments, got None/, 'cmy\nmake\nN\x81');
      expectError(
        'INVALID_SYNTAX',
        /NEWOBJ_EX\): expected a dict of keywords, got \(\)/,
        'cmy\nmake\n))\x92',
      );
    });

    it('refuse to set the state of what has none, or twice', () => {
      expectError('INVALID_SYNTAX', /BUILD\): expected an object to set the state of, got {}/, '}}b');
      expectError('INVALID_SYNTAX', /expected an object to set the state of, got my.Class/, 'cmy\nClass\n}b');
      expectError('INVALID_SYNTAX', /expected an object without a state, got my.Class\(\)/, OBJECT, '}b}b');
    });

    it('refuse names that are not text', () => {
      expectError(
        'INVALID_SYNTAX',
        /STACK_GLOBAL\): expected two strings, got \("os", 1\)/,
        text('os'),
        'K\x01\x93',
      );
    });
  });

  describe('for the stack and the memo', () => {
    it('discard values, and marks', () => {
      expect(rootOf('NK\x010')).to.equal(null);
      expect(rootOf('N(0')).to.equal(null);
      expect(rootOf('N(K\x01K\x021')).to.equal(null);
    });

    it('keep values and bring them back, by each form of their number', () => {
      expect(rootOf(text('a'), 'q\x000h\x00')).to.equal('a');
      expect(rootOf('Nr\0\0\0\x000j\0\0\0\0')).to.equal(null);
      expect(rootOf('K\x09\x940h\0')).to.equal(9);
    });

    it('number values from 0 on, or from 1 on as Python 2 does, and may number them again', () => {
      const pair = rootOf('K\x01q\x010K\x02q\x020K\x03q\x010h\x01h\x02\x86');
      expect(asKind(pair, 'tuple')!.items).to.deep.equal([3, 2]);
      expectError('INVALID_SYNTAX', 'byte 3 (BINPUT): expected a memo index up to 1, got 2', 'Nq\x02');
      expectError(
        'INVALID_SYNTAX',
        /LONG_BINPUT\): expected a memo index up to 1, got 4294967295/,
        'Nr',
        '\xff'.repeat(4),
      );
    });

    it('refuse a value that was never kept', () => {
      expectError(
        'INVALID_SYNTAX',
        'byte 2 (BINGET): expected a value in the memo, got 5, never put there',
        'h\x05',
      );
    });

    it('refuse protocols that Python does not have, and frames beyond the end', () => {
      expectError('INVALID_SYNTAX', 'byte 2 (PROTO): expected a protocol up to 5, got 6', '\x80\x06N');
      expect(rootOf('\x95\x02\0\0\0\0\0\0\0N')).to.equal(null);
      expectError(
        'TRUNCATED',
        'byte 2 (FRAME): expected more bytes, got the end after 13',
        '\x95\x03\0\0\0\0\0\0\0N',
      );
      expectError('TRUNCATED', /FRAME/, '\x95', '\xff'.repeat(8), 'N');
    });

    it('refuse to stop with less or more than one value', () => {
      expectError('INVALID_SYNTAX', /STOP/, bytesOfParts());
      expectError(
        'INVALID_SYNTAX',
        'byte 4 (STOP): expected one value left at the end, got 1 more and 0 marks',
        'NN',
      );
      expectError('INVALID_SYNTAX', /got 0 more and 1 marks/, '(N');
    });
  });
});
