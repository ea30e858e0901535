import type { FormatError } from '../../../errors.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';

const WHERE = 'pickle';

const LINE_FEED = 0x0a;

/** No seed, key or hash is larger. */
const MAX_INTEGER_BYTES = 1024;

/** Shared, since making a decoder costs more than decoding a name. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The bytes of a pickle and a position in them. Errors name the current instruction and where it begins. */
export class Cursor {
  position: number;

  private readonly view: DataView;
  private instruction: number;

  /**
   * @param what  the name of the pickle in messages, such as `data.pkl`.
   * @param nameOf  the name of an opcode in messages.
   */
  constructor(
    readonly bytes: Uint8Array,
    begin: number,
    private readonly what: string,
    private readonly nameOf: (opcode: number) => string,
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

  /** Rounded beyond 2^53, where no pickle has bytes. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** The only big-endian number in pickles. */
  float64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  /** A view of the next bytes. */
  take(length: number): Uint8Array {
    const begin = this.skip(length);
    return this.bytes.subarray(begin, begin + length);
  }

  /** The next bytes as UTF-8 text. Python also writes lone surrogates; safetensors and JSON cannot hold those as keys. */
  text(length: number): string {
    const bytes = this.take(length);
    try {
      return UTF8.decode(bytes);
    } catch {
      throw this.fault('UTF-8 text', 'bytes that are not');
    }
  }

  /** The next bytes as text, or unchanged where they are not UTF-8: a str of Python 2 could be either. */
  textOrBytes(length: number): string | Uint8Array {
    return decoded(this.take(length));
  }

  /** The UTF-8 text up to the next line feed, and consumes both. */
  line(): string {
    const text = this.text(this.lineLength());
    this.position++;
    return text;
  }

  /** The bytes up to the next line feed, and consumes both. */
  lineBytes(): Uint8Array {
    const bytes = this.take(this.lineLength());
    this.position++;
    return bytes;
  }

  private lineLength(): number {
    const end = this.bytes.indexOf(LINE_FEED, this.position);
    if (end === -1) throw this.truncated();
    return end - this.position;
  }

  /** The integer in the next bytes: two's complement, the lowest byte first. No bytes are 0. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) {
      throw this.fail('TOO_LARGE', `an int of at most ${MAX_INTEGER_BYTES} bytes`, `${length}`);
    }
    if (length === 0) return 0;
    const digits = Array.from(this.take(length), (byte) => byte.toString(16).padStart(2, '0')).reverse();
    const integer = BigInt.asIntN(8 * length, BigInt(`0x${digits.join('')}`));
    const number = Number(integer);
    return Number.isSafeInteger(number) ? number : integer;
  }

  /** Moves past `length` bytes and returns where they begin. */
  private skip(length: number): number {
    const begin = this.position;
    if (length > this.bytes.length - begin) throw this.truncated();
    this.position = begin + length;
    return begin;
  }

  truncated(): FormatError {
    return this.fail('TRUNCATED', 'more bytes', `the end after ${this.bytes.length}`);
  }

  /** The error for an instruction that breaks the format. */
  fault(rule: string, got: string): FormatError {
    return this.fail('INVALID_SYNTAX', rule, got);
  }

  fail(code: FormatCode, rule: string, got: string, remedy?: string): FormatError {
    const begin = this.instruction;
    const name = begin < this.bytes.length ? ` (${this.nameOf(this.bytes[begin])})` : '';
    const place = `${this.what} byte ${begin}${name}`;
    return formatError(code, WHERE, place, rule, got, remedy);
  }
}

/** Bytes as UTF-8 text, or unchanged where they are not: a str of Python 2 could be either. */
export function decoded(bytes: Uint8Array): string | Uint8Array {
  try {
    return UTF8.decode(bytes);
  } catch {
    return bytes;
  }
}
