import { expect } from 'chai';
import type { FormatError } from '../../../../src/errors.js';
import { Cursor } from '../../../../src/state-dict/formats/pickle/cursor.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, type Part } from './support.js';

/** A cursor behind one byte, as behind an instruction. */
function cursorOver(...parts: readonly Part[]): Cursor {
  const cursor = new Cursor(bytesOfParts('N', ...parts), 0, 'spec', () => 'NONE');
  cursor.opcode();
  return cursor;
}

describe('Cursor', () => {
  it('reads numbers with the low byte first, floats with the high byte first', () => {
    const cursor = cursorOver(
      '\x01\x02\x01\xff\xff\xff\xff\xff\xff\xff\xff',
      '\x01',
      '\0'.repeat(7),
      '\xbf\xf8',
      '\0'.repeat(6),
    );
    expect(cursor.uint8()).to.equal(1);
    expect(cursor.uint16()).to.equal(258);
    expect(cursor.int32()).to.equal(-1);
    expect(cursor.uint32()).to.equal(0xffffffff);
    expect(cursor.uint64()).to.equal(1);
    expect(cursor.float64()).to.equal(-1.5);
  });

  it('reads lines up to a line feed, and views of bytes', () => {
    const cursor = cursorOver('\xc3\xa9\n\n', 'ab');
    expect(cursor.line()).to.equal('é');
    expect(cursor.line()).to.equal('');
    expect(cursor.take(2).buffer).to.equal(cursor.bytes.buffer);
  });

  it('reads nothing past the end, and says of which instruction', () => {
    const readers = ['uint8', 'uint16', 'int32', 'uint32', 'uint64', 'float64', 'line'] as const;
    for (const name of readers) {
      const cursor = cursorOver();
      const error = errorOf(() => cursor[name]()) as FormatError;
      expect(error.code, name).to.equal('TRUNCATED');
      expect(error.message, name).to.equal(
        'pickle: spec byte 0 (NONE): expected more bytes, got the end after 1',
      );
    }
    expect(errorOf(() => cursorOver('ab').take(3)).message).to.contain('got the end after 3');
    const cursor = cursorOver();
    expect(errorOf(() => cursor.opcode()).message).to.equal(
      'pickle: spec byte 1: expected more bytes, got the end after 1',
    );
  });

  it('keeps a byte order mark, and refuses bytes that are not UTF-8', () => {
    expect(cursorOver('\xef\xbb\xbfa').text(4)).to.equal('\ufeffa');
    expect(errorOf(() => cursorOver('\xc3').text(1)).message).to.match(/expected UTF-8 text, got bytes that/);
    expect(cursorOver('\xc3').textOrBytes(1)).to.deep.equal(Uint8Array.of(0xc3));
  });
});
