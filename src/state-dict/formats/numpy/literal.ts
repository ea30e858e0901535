import { show } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';

/** A value in the dict of an npy header. A list or tuple in place of a dtype is not read: `structured`. */
export type Literal =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'tuple'; readonly value: readonly number[] }
  | { readonly kind: 'structured' };

const WHERE = 'npy';

/** White space beside the ends of lines. */
const SPACE = ' \t\f';

/**
 * Reads the dict of an npy header, a Python literal: `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`.
 *
 * It reads strings without escapes, True and False, and tuples of decimal integers, with white space, comments and a last comma
 * wherever Python allows them.
 */
export class LiteralReader {
  private position = 0;

  constructor(
    private readonly text: string,
    /** The name of the header in messages. */
    private readonly what: string,
  ) {}

  /** The whole text as one dict; it stops at a structured dtype, whose text may be anything. */
  readDict(): Map<string, Literal> {
    const members = new Map<string, Literal>();
    this.take(/\{/y, '{');
    while (!this.accept('}')) {
      const key = this.readString();
      this.take(/:/y, ':');
      if (members.has(key)) throw this.fault('each key once', show(key));
      const value = this.readValue();
      members.set(key, value);
      if (value.kind === 'structured') return members;
      if (!this.accept(',') && this.peek() !== '}') throw this.unexpected('a comma or }');
    }
    if (this.peek() !== undefined) throw this.unexpected('nothing behind the dict');
    return members;
  }

  private readValue(): Literal {
    const next = this.peek();
    if (next !== undefined && `'"uU`.includes(next)) return { kind: 'string', value: this.readString() };
    if (next === '[') return { kind: 'structured' };
    if (next === '(') return this.readTuple();
    const word = this.take(/(True|False)(?![A-Za-z0-9_])/y, 'a string, True, False or a tuple');
    return { kind: 'boolean', value: word === 'True' };
  }

  private readString(): string {
    // Python 2 marked its texts with a u.
    return this.take(/[uU]?(?:'[^'\\\n]*'|"[^"\\\n]*")/y, 'a string')
      .replace(/^[uU]/, '')
      .slice(1, -1);
  }

  /** `(3, 2)`; `(3,)` needs its comma, since `(3)` is an int in Python. */
  private readTuple(): Literal {
    const value: number[] = [];
    let hasComma = false;
    this.accept('(');
    if (this.peek() === "'" || this.peek() === '(') return { kind: 'structured' };
    while (!this.accept(')')) {
      if (value.length > 0 && !hasComma) throw this.unexpected('a comma or )');
      if (value.length === MAX_RANK) {
        throw formatError('TOO_LARGE', WHERE, this.what, `at most ${MAX_RANK} dimensions`, 'more');
      }
      // Python 2 ended a long integer with an L.
      const digits = this.take(/(0|[1-9][0-9]{0,19})L?(?![0-9A-Za-z_.])/y, 'an integer of 0 or more');
      value.push(Number(digits.replace('L', '')));
      hasComma = this.accept(',');
    }
    if (value.length === 1 && !hasComma) throw this.fault('a comma in a tuple of one size', `(${value[0]})`);
    return { kind: 'tuple', value };
  }

  private accept(symbol: string): boolean {
    if (this.peek() !== symbol) return false;
    this.position++;
    return true;
  }

  /** The next character past white space and comments; undefined at the end. */
  private peek(): string | undefined {
    const { text } = this;
    let inComment = false;
    // Not by an expression: one of repeated comments takes of the stack for each.
    for (; this.position < text.length; this.position++) {
      const next = text[this.position];
      if (next === '#') inComment = true;
      else if (next === '\n' || next === '\r') inComment = false;
      else if (!inComment && !SPACE.includes(next)) return next;
    }
    return undefined;
  }

  /** The token that comes next, which must match a sticky pattern. */
  private take(pattern: RegExp, rule: string): string {
    this.peek();
    pattern.lastIndex = this.position;
    const token = pattern.exec(this.text)?.[0];
    if (token === undefined) throw this.unexpected(rule);
    this.position += token.length;
    return token;
  }

  private unexpected(rule: string): Error {
    const rest = this.text.slice(this.position, this.position + 20);
    return this.fault(rule, rest === '' ? 'its end' : show(rest));
  }

  private fault(rule: string, got: string): Error {
    return formatError('INVALID_SYNTAX', WHERE, this.what, rule, got);
  }
}
