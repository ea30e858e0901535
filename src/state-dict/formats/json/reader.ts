import { show } from '../../../check.js';
import type { FormatError } from '../../../errors.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';
import { MEMBER_STEPS, type WorkBudget } from '../../rules/work.js';
import { unescapeString } from './string.js';

export type JsonKind = 'object' | 'list' | 'string' | 'number' | 'boolean' | 'null';

export interface JsonReaderOptions {
  /** Opens every message. */
  readonly where: string;
  /** The unit of an offset in messages, such as `header byte`. */
  readonly unit: string;
  /** Deepest nesting of objects and lists. Small, since reading a level takes a level of the call stack. */
  readonly maxDepth: number;
  /** Spent by the members of all objects: each costs a hundred times its bytes. */
  readonly work: WorkBudget;
  /** Accept `NaN`, `Infinity` and `-Infinity`, which Python's `json.dump` writes bare. */
  readonly pythonNumbers: boolean;
}

/** What `peek` returns at the end of the text. */
export const END = -1;

/** A number or literal longer than this is shortened in messages. */
const SHOWN_CHARACTERS = 40;

/** Longest number. A double needs fewer than 800 characters, and Python reads no int of more than 4,300. */
const MAX_NUMBER_CHARACTERS = 5000;

/** Longest string that becomes a JavaScript string, such as a name. Longer ones are data, which are read as bytes. */
const MAX_STRING_BYTES = 1 << 28;

/** Bytes of a string that are checked at a time. A longer string needs its own decoder, which is slow to make. */
const CHECKED_BYTES = 1 << 24;

/** Bytes decoded at a time for the text of numbers. */
const WINDOW_BYTES = 1 << 16;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** The fastest decoder for ASCII; it makes one character of each byte beyond. */
const LATIN1 = new TextDecoder('latin1');

const code = (character: string): number => character.charCodeAt(0);
const QUOTE = code('"');
const BACKSLASH = code('\\');
const COMMA = code(',');
const COLON = code(':');
const MINUS = code('-');
const PLUS = code('+');
const DOT = code('.');
const ZERO = code('0');
const NINE = code('9');
const OPEN_BRACE = code('{');
const CLOSE_BRACE = code('}');
const OPEN_BRACKET = code('[');
const CLOSE_BRACKET = code(']');

/**
 * A strict JSON (RFC 8259) reader over bytes that a caller walks value by value.
 *
 * `JSON.parse` is not enough: it hides duplicate keys, rounds integers beyond 2^53, takes `2.0` for `2`, refuses
 * Python's `NaN` and needs the whole text as one string. Texts beyond 2^29 characters have no string at all.
 */
export class JsonReader {
  /** Offset of the next byte. A caller may move it back to the start of a value already seen. */
  position = 0;

  private depth = 0;
  private tokenStart = 0;
  private window = '';
  private windowStart = 0;

  constructor(
    readonly bytes: Uint8Array,
    private readonly options: JsonReaderOptions,
  ) {}

  /** First byte of the next token, or END; consumes the whitespace before it. */
  peek(): number {
    const { bytes } = this;
    const end = bytes.length;
    let position = this.position;
    while (position < end) {
      const byte = bytes[position];
      if (byte > 0x20 || !isWhitespace(byte)) {
        this.position = position;
        return byte;
      }
      position++;
    }
    this.position = position;
    return END;
  }

  /** Which kind of value comes next. */
  kind(): JsonKind {
    const byte = this.peek();
    if (byte === OPEN_BRACE) return 'object';
    if (byte === OPEN_BRACKET) return 'list';
    if (byte === QUOTE) return 'string';
    if (byte === code('t') || byte === code('f')) return 'boolean';
    if (byte === code('n')) return 'null';
    if (byte === MINUS || isDigit(byte)) return 'number';
    if (this.options.pythonNumbers && (byte === code('N') || byte === code('I'))) return 'number';
    throw this.unexpected('a JSON value');
  }

  /** Consumes an object; `onMember` must consume the value of each member. */
  readObject(onMember: (name: string) => void): void {
    this.open(OPEN_BRACE);
    const seen = new Set<string>();
    if (this.peek() === CLOSE_BRACE) {
      this.close();
      return;
    }
    for (;;) {
      if (this.peek() !== QUOTE) throw this.unexpected('a member name in double quotes');
      const start = this.position;
      const name = this.readString();
      if (seen.has(name)) {
        throw this.fault(start, 'each name once per object', `${show(name)} again`, 'DUPLICATE_NAME');
      }
      seen.add(name);
      this.options.work.spend(MEMBER_STEPS);
      if (this.peek() !== COLON) throw this.unexpected("':'");
      this.position++;
      onMember(name);
      if (!this.another(CLOSE_BRACE)) return;
    }
  }

  /** Consumes a list and returns its length; `onElement` must consume each element. */
  readList(onElement: (index: number) => void): number {
    this.open(OPEN_BRACKET);
    if (this.peek() === CLOSE_BRACKET) {
      this.close();
      return 0;
    }
    let count = 0;
    do onElement(count++);
    while (this.another(CLOSE_BRACKET));
    return count;
  }

  /** Consumes a string. Lone surrogates are refused: UTF-8 has none, so no key of torch's has one. */
  readString(): string {
    const start = this.position + 1;
    const text = this.readStringBytes();
    if (text.length > MAX_STRING_BYTES) {
      const rule = `a string of at most ${MAX_STRING_BYTES} bytes`;
      throw this.fault(start, rule, `${text.length}`);
    }
    try {
      return UTF8.decode(text);
    } catch {
      throw this.notUtf8(start);
    }
  }

  /** Consumes a string of any length. */
  private skipString(): void {
    const start = this.position + 1;
    const text = this.readStringBytes();
    try {
      if (text.length <= CHECKED_BYTES) {
        UTF8.decode(text);
        return;
      }
      const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
      for (let begin = 0; begin < text.length; begin += CHECKED_BYTES)
        decoder.decode(text.subarray(begin, begin + CHECKED_BYTES), { stream: true });
      decoder.decode();
    } catch {
      throw this.notUtf8(start);
    }
  }

  private notUtf8(start: number): FormatError {
    return this.fault(start, 'UTF-8 text', 'bytes that are not');
  }

  /** Consumes a string and returns its bytes, which are not checked to be UTF-8: a view without escapes, else a copy. */
  readStringBytes(): Uint8Array {
    const { bytes } = this;
    const start = ++this.position;
    if (this.skipPlainCharacters() === QUOTE) return bytes.subarray(start, this.position++);
    do this.position = Math.min(this.position + 2, bytes.length);
    while (this.skipPlainCharacters() !== QUOTE);
    const end = this.position++;
    return unescapeString(bytes, start, end, (offset, rule, got) => this.fault(offset, rule, got));
  }

  /** Consumes a number. `tokenText()` gives its digits, which an integer beyond 2^53 needs. */
  readNumber(): number {
    this.skipNumber();
    return Number(this.ascii(this.tokenStart, this.position));
  }

  readBoolean(): boolean {
    const value = this.peek() === code('t');
    this.skipWord(value ? 'true' : 'false');
    return value;
  }

  readNull(): void {
    this.skipWord('null');
  }

  /** Text of the number or literal consumed just now, at most `limit` characters of it. */
  tokenText(limit = SHOWN_CHARACTERS): string {
    const end = Math.min(this.position, this.tokenStart + limit);
    const text = this.ascii(this.tokenStart, end);
    return end < this.position ? `${text}...` : text;
  }

  /** Consumes a value of any kind; checks the grammar only. */
  skipValue(): void {
    switch (this.kind()) {
      case 'object':
        this.readObject(() => this.skipValue());
        break;
      case 'list':
        this.readList(() => this.skipValue());
        break;
      case 'string':
        this.skipString();
        break;
      case 'number':
        this.skipNumber();
        break;
      case 'boolean':
        this.readBoolean();
        break;
      case 'null':
        this.readNull();
    }
  }

  /** Nothing but whitespace may follow. */
  expectEnd(): void {
    if (this.peek() !== END) throw this.unexpected('the end of the text');
  }

  private open(bracket: number): void {
    if (this.peek() !== bracket) throw this.unexpected(`'${String.fromCharCode(bracket)}'`);
    if (++this.depth > this.options.maxDepth) {
      const rule = `at most ${this.options.maxDepth} levels of nesting`;
      throw this.fault(this.position, rule, 'another level', 'TOO_LARGE');
    }
    this.position++;
  }

  private close(): void {
    this.position++;
    this.depth--;
  }

  /** After a member: consumes the comma before another one, or the closing bracket. */
  private another(closing: number): boolean {
    const next = this.peek();
    if (next === COMMA) {
      this.position++;
      return true;
    }
    if (next !== closing) throw this.unexpected(`',' or '${String.fromCharCode(closing)}'`);
    this.close();
    return false;
  }

  /** Moves to the next quote or backslash and returns it. */
  private skipPlainCharacters(): number {
    const { bytes } = this;
    let position = this.position;
    for (; position < bytes.length; position++) {
      const byte = bytes[position];
      if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) break;
    }
    this.position = position;
    const stop = position < bytes.length ? bytes[position] : END;
    if (stop !== QUOTE && stop !== BACKSLASH) throw this.unexpected("a character of a string or '\"'");
    return stop;
  }

  /** Consumes a number, as `readNumber` does. */
  skipNumber(): void {
    this.peek();
    this.tokenStart = this.position;
    this.skipNumberToken();
    if (this.position - this.tokenStart <= MAX_NUMBER_CHARACTERS) return;
    const rule = `a number of at most ${MAX_NUMBER_CHARACTERS} characters`;
    throw this.fault(this.tokenStart, rule, `${this.position - this.tokenStart}`);
  }

  private skipNumberToken(): void {
    if (this.bytes[this.position] === MINUS) this.position++;
    if (this.options.pythonNumbers && this.skipPythonNumber()) return;
    if (this.bytes[this.position] === ZERO) this.position++;
    else this.skipDigits();
    if (this.bytes[this.position] === DOT) {
      this.position++;
      this.skipDigits();
    }
    const exponent = this.bytes[this.position];
    if (exponent !== code('e') && exponent !== code('E')) return;
    const sign = this.bytes[++this.position];
    if (sign === MINUS || sign === PLUS) this.position++;
    this.skipDigits();
  }

  /** `NaN`, or `Infinity` after the sign already consumed. */
  private skipPythonNumber(): boolean {
    const first = this.bytes[this.position];
    if (first === code('I')) this.expectWord('Infinity');
    else if (first === code('N') && this.tokenStart === this.position) this.expectWord('NaN');
    else return false;
    return true;
  }

  private skipDigits(): void {
    const { bytes } = this;
    const start = this.position;
    let position = start;
    while (position < bytes.length && isDigit(bytes[position])) position++;
    this.position = position;
    if (position === start) throw this.unexpected('a digit');
  }

  private skipWord(word: string): void {
    this.peek();
    this.tokenStart = this.position;
    this.expectWord(word);
  }

  private expectWord(word: string): void {
    for (let i = 0; i < word.length; i++, this.position++) {
      if (this.bytes[this.position] !== word.charCodeAt(i)) throw this.unexpected(word);
    }
  }

  /**
   * ASCII text of a token. A block is decoded at once and sliced, since a decode per number takes ten times as long.
   */
  private ascii(start: number, end: number): string {
    if (start < this.windowStart || end > this.windowStart + this.window.length) {
      this.windowStart = start;
      this.window = LATIN1.decode(this.bytes.subarray(start, Math.max(end, start + WINDOW_BYTES)));
    }
    return this.window.slice(start - this.windowStart, end - this.windowStart);
  }

  /** The error for a byte that the grammar does not allow here. */
  private unexpected(rule: string): FormatError {
    const byte = this.position < this.bytes.length ? this.bytes[this.position] : END;
    const printable = byte > 0x20 && byte < 0x7f;
    const got =
      byte === END
        ? 'the end of the text'
        : printable
          ? `'${String.fromCharCode(byte)}'`
          : `byte 0x${byte.toString(16).padStart(2, '0')}`;
    return this.fault(this.position, rule, got);
  }

  private fault(offset: number, rule: string, got: string, code: FormatCode = 'INVALID_SYNTAX'): FormatError {
    return formatError(code, this.options.where, `${this.options.unit} ${offset}`, rule, got);
  }
}

/** Space, line feed, carriage return or tab: what JSON text may hold between tokens. */
export function isWhitespace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}
