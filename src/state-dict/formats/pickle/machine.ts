import type { FormatError } from '../../../errors.js';
import type { WorkBudget } from '../../rules/work.js';
import type { Cursor } from './cursor.js';
import { digitsOf } from './text.js';
import type {
  PickleCall,
  PickleGlobal,
  PickleInt,
  PicklePersistent,
  PickleTuple,
  PickleValue,
} from './values.js';

/** Modules that Python 3 has renamed. */
const PYTHON2_MODULES = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
]);

/** Longest name of a module, class or function. It is compared wherever it is used, and a pickle may use it for two bytes. */
const MAX_GLOBAL_CHARACTERS = 1024;

/**
 * The state of an unpickler: a stack of values, the marks in it, and the memo.
 *
 * An instruction adds at most one value to each of them, so the steps that it takes bound them all. What an instruction takes
 * must be there: Python's own machine lets a malformed pickle reach below a mark.
 */
export class Machine {
  /** By `module\nname`, in the order of the pickle. */
  readonly globals = new Map<string, PickleGlobal>();
  readonly persistent: PicklePersistent[] = [];
  /** Calls whose results have been given items, in the order of the pickle. */
  readonly filled = new Set<PickleCall>();

  private readonly stack: PickleValue[] = [];
  /** Ints that are keys of dicts. */
  private readonly ints = new Map<string, PickleInt>();
  /** Height of the stack at each mark. */
  private readonly marks: number[] = [];
  private readonly memo: (PickleValue | undefined)[] = [];
  private memoized = 0;

  constructor(
    readonly cursor: Cursor,
    readonly work: WorkBudget,
  ) {}

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    this.requireValues(1);
    return this.stack.pop() as PickleValue;
  }

  /** The value on top. */
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
  }

  /** Pushes `callable(*args)`, and for NEWOBJ `cls.__new__(cls, *args)`: a record of it, whatever is called. */
  pushCall(callable: PickleValue, args: PickleTuple, kwargs?: PickleValue): void {
    const made: PickleCall = { kind: 'call', callable, args, calledAt: this.cursor.position };
    this.push(kwargs === undefined ? made : { ...made, kwargs });
  }

  /** Pops everything above the last mark, and the mark. */
  popToMark(): PickleValue[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.fault('a mark', 'none');
    return this.stack.splice(mark);
  }

  /** Pops the value or mark on top. */
  discard(): void {
    if (this.marks.at(-1) === this.stack.length) this.marks.pop();
    else this.pop();
  }

  /** Picklers number the values that they keep from 0 on, that of Python 2 from 1 on. */
  remember(index: number): void {
    const value = this.top();
    if (index > this.memo.length + 1) {
      throw this.fault(`a memo index up to ${this.memo.length + 1}`, `${index}`);
    }
    while (this.memo.length < index) this.memo.push(undefined);
    if (this.memo[index] === undefined) this.memoized++;
    this.memo[index] = value;
  }

  /** MEMOIZE has no number of its own: it takes the number of values kept so far. */
  rememberNext(): void {
    this.remember(this.memoized);
  }

  recall(index: number): void {
    const value = this.memo[index];
    if (value === undefined) throw this.fault('a value in the memo', `${index}, never put there`);
    this.push(value);
  }

  /** The global `module.name`; the same object for the same name. */
  global(module: string, name: string): PickleGlobal {
    const characters = module.length + name.length;
    if (characters > MAX_GLOBAL_CHARACTERS) {
      const rule = `a module and name of at most ${MAX_GLOBAL_CHARACTERS} characters`;
      throw this.cursor.fail('TOO_LARGE', rule, `${characters}`);
    }
    this.work.spendName(characters);
    const key = `${module}\n${name}`;
    const known = this.globals.get(key);
    if (known) return known;
    const made: PickleGlobal = {
      kind: 'global',
      module,
      name,
      fullName: `${PYTHON2_MODULES.get(module) ?? module}.${name}`,
    };
    this.globals.set(key, made);
    return made;
  }

  /**
   * Sets an item of a dict. A text may be compared with another that is equal; an int becomes an object, since engines hash the
   * numbers of a Map by a rule that anyone can compute, and long ones by their lowest digits alone. Very long ones are compared by
   * identity.
   */
  setItem(entries: Map<PickleValue, PickleValue>, key: PickleValue, value: PickleValue): void {
    if (typeof key === 'string') this.work.spendName(key.length);
    entries.set(typeof key === 'number' || typeof key === 'bigint' ? this.intKey(key) : key, value);
  }

  private intKey(value: number | bigint): PickleInt {
    const digits = digitsOf(value);
    const known = digits === undefined ? undefined : this.ints.get(`i${digits}`);
    if (known) return known;
    const made: PickleInt = { kind: 'int', value };
    if (digits !== undefined) this.ints.set(`i${digits}`, made);
    return made;
  }

  /** The one value left when the pickle stops. */
  finish(): PickleValue {
    const root = this.pop();
    if (this.stack.length === 0 && this.marks.length === 0) return root;
    const got = `${this.stack.length} more and ${this.marks.length} marks`;
    throw this.fault('one value left at the end', got);
  }

  fault(rule: string, got: string): FormatError {
    return this.cursor.fault(rule, got);
  }

  private requireValues(count: number): void {
    const there = this.stack.length - (this.marks.at(-1) ?? 0);
    if (there >= count) return;
    const rule = `${count} ${count === 1 ? 'value' : 'values'} on the stack`;
    throw this.fault(this.marks.length > 0 ? `${rule} above the mark` : rule, `${there}`);
  }
}
