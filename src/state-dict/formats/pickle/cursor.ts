import type { FormatError } from '../../../errors.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { latin1Of } from '../../tensors/bytes.js';
import { nameOfOpcode } from './opcodes.js';

const WHERE = 'pickle';

const LINE_FEED = 0x0a;

/** One for all: making a decoder costs more than reading a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a pickle and a place in them. Errors name the instruction that was being read, and where it begins. */
export class Cursor {
  position: number;

  private readonly view: DataView;
  private instruction: number;

  /**
   * @param maxString  longest text, in bytes.
   * @param what  how messages call the pickle, such as `data.pkl`.
   */
  constructor(
    readonly bytes: Uint8Array,
    begin: number,
    private readonly maxString: number,
    private readonly what: string,
  ) {
    this.position = begin;
    this.instruction = begin;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next instruction. */
  opcode(): number {
    this.instruction = this.position;
    if (this.position === this.bytes.length) throw this.truncated();
    return this.bytes[this.position++];
  }

  uint8(): number {
    return this.view.getUint8(this.skip(1));
  }

  uint16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  /** Rounded beyond 2^53, which is past the end of every pickle. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** The one number that pickles hold with the high byte first. */
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  /** The next bytes, a view. */
  take(length: number): Uint8Array {
    if (length > this.maxString) {
      const rule = `at most ${this.maxString} bytes of text or data in one value`;
      throw this.fail('PICKLE_LIMIT', rule, `${length}`, 'Raise limits.maxPickleString to read it');
    }
    const begin = this.skip(length);
    return this.bytes.subarray(begin, begin + length);
  }

  /**
   * The next bytes as text. Python lets a surrogate stand alone, which is no UTF-8: no writer of weights makes one, and
   * neither safetensors nor JSON could hold it as a key, so it is refused.
   */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.fail('INVALID_UTF8', 'UTF-8 text', 'bytes that are not');
    }
  }

  /** The next bytes as text, or as they are where they are none: what a str of Python 2 was. */
  textOrBytes(length: number): string | Uint8Array {
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch {
      return bytes;
    }
  }

  /** UTF-8 up to the next line feed, which is consumed. */
  line(): string {
    const text = this.text(this.lineLength());
    this.position++;
    return text;
  }

  /** The same where each byte is a character. */
  latin1Line(): string {
    const text = latin1Of(this.take(this.lineLength()));
    this.position++;
    return text;
  }

  private lineLength(): number {
    const end = this.bytes.indexOf(LINE_FEED, this.position);
    if (end === -1) throw this.truncated();
    return end - this.position;
  }

  /** Moves past `length` bytes, which must be there, and returns where they begin. */
  private skip(length: number): number {
    const begin = this.position;
    if (length > this.bytes.length - begin) throw this.truncated();
    this.position = begin + length;
    return begin;
  }

  truncated(): FormatError {
    return this.fail('TRUNCATED_PICKLE', 'more bytes', `the end after ${this.bytes.length}`);
  }

  fail(code: FormatCode, rule: string, got: string, remedy?: string): FormatError {
    const begin = this.instruction;
    const name = begin < this.bytes.length ? ` (${nameOfOpcode(this.bytes[begin])})` : '';
    const place = `${this.what} byte ${begin}${name}`;
    return formatError(code, WHERE, place, rule, got, remedy);
  }
}
