import type { FormatError } from '../../../errors.js';
import type { FormatCode } from '../../rules/format-codes.js';
import type { PickleLimits } from '../../rules/limits.js';
import { Cursor } from './cursor.js';
import type { PickleGlobal, PicklePersistent, PickleValue } from './values.js';

/**
 * The state of an unpickler: a stack of values, the marks in it, and the memo. Each grows within a limit, and what an
 * instruction takes must be there: Python's own machine lets an unfit pickle reach below a mark.
 */
export class Machine {
  readonly cursor: Cursor;
  /** By `module\nname`, in the order they are met. */
  readonly globals = new Map<string, PickleGlobal>();
  readonly persistent: PicklePersistent[] = [];

  private readonly stack: PickleValue[] = [];
  /** Where in the stack each mark stands. */
  private readonly marks: number[] = [];
  /** The memo as Python's pickler fills it, from 0 on: in a Map it was a fifth of the time of reading a large file. */
  private readonly memo: PickleValue[] = [];
  /** What is remembered at any other place. */
  private readonly scattered = new Map<number, PickleValue>();
  private instructions = 0;

  constructor(
    bytes: Uint8Array,
    begin: number,
    what: string,
    private readonly limits: Required<PickleLimits>,
  ) {
    this.cursor = new Cursor(bytes, begin, limits.maxPickleString, what);
  }

  nextOpcode(): number {
    const opcode = this.cursor.opcode();
    if (++this.instructions > this.limits.maxPickleInstructions)
      throw this.overLimit('maxPickleInstructions', 'instructions');
    return opcode;
  }

  /** Instructions carried out so far. */
  get time(): number {
    return this.instructions;
  }

  push(value: PickleValue): void {
    this.stack.push(value);
    if (this.stack.length > this.limits.maxPickleStack)
      throw this.overLimit('maxPickleStack', 'values on the stack');
  }

  pop(): PickleValue {
    this.requireValues(1);
    return this.stack.pop() as PickleValue;
  }

  /** The value on top, which stays. */
  top(): PickleValue {
    this.requireValues(1);
    return this.stack[this.stack.length - 1];
  }

  popMany(count: number): PickleValue[] {
    this.requireValues(count);
    return this.stack.splice(this.stack.length - count);
  }

  pushMark(): void {
    this.marks.push(this.stack.length);
    if (this.marks.length > this.limits.maxPickleMarks) throw this.overLimit('maxPickleMarks', 'marks');
  }

  /** Everything above the last mark, which goes too. */
  popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.fail('STACK_UNDERFLOW', 'a mark', 'none');
    return this.stack.splice(mark);
  }

  /** Discards the value on top, or the mark where that is on top. */
  discard(): void {
    if (this.marks.at(-1) === this.stack.length) this.marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    const value = this.top();
    if (index > this.memo.length) this.scattered.set(index, value);
    else if (index < this.memo.length) this.memo[index] = value;
    else {
      this.memo.push(value);
      this.scattered.delete(index);
    }
    if (this.memoSize() > this.limits.maxPickleMemo)
      throw this.overLimit('maxPickleMemo', 'values in the memo');
  }

  /** MEMOIZE has no number of its own: it takes how many values there are. */
  rememberNext(): void {
    this.remember(this.memoSize());
  }

  private memoSize(): number {
    return this.memo.length + this.scattered.size;
  }

  recall(index: number): void {
    const value = index < this.memo.length ? this.memo[index] : this.scattered.get(index);
    if (value === undefined)
      throw this.fail('MISSING_MEMO', 'a value in the memo', `${index}, never put there`);
    this.push(value);
  }

  /** The name of a class or function; the same object for the same name. */
  global(module: string, name: string): PickleGlobal {
    const key = `${module}\n${name}`;
    const known = this.globals.get(key);
    if (known) return known;
    const made: PickleGlobal = { kind: 'global', module, name };
    this.globals.set(key, made);
    return made;
  }

  /** The value that a pickle leaves behind. */
  finish(): PickleValue {
    const root = this.pop();
    if (this.stack.length === 0 && this.marks.length === 0) return root;
    const got = `${this.stack.length} more and ${this.marks.length} marks`;
    throw this.fail('INVALID_PICKLE', 'one value left at the end', got);
  }

  fail(code: FormatCode, rule: string, got: string, remedy?: string): FormatError {
    return this.cursor.fail(code, rule, got, remedy);
  }

  private requireValues(count: number): void {
    const there = this.stack.length - (this.marks.at(-1) ?? 0);
    if (there >= count) return;
    const rule = `${count} ${count === 1 ? 'value' : 'values'} on the stack`;
    throw this.fail('STACK_UNDERFLOW', this.marks.length > 0 ? `${rule} above the mark` : rule, `${there}`);
  }

  private overLimit(limit: keyof PickleLimits, what: string): FormatError {
    const rule = `at most ${this.limits[limit]} ${what}`;
    return this.fail('PICKLE_LIMIT', rule, 'more', `Raise limits.${limit} to read it`);
  }
}
