/**
 * What a pickle builds, as inert values. Nothing in a pickle is looked up, imported or called: a class is its name, and a
 * call is a record of the callable and its arguments.
 */

/** Python's int is a number, or a bigint where a number would round it; str, bool and None are those of JavaScript. */
export type PickleValue = null | boolean | number | bigint | string | PickleObject;

export type PickleObject =
  | PickleFloat
  | PickleInt
  | PickleBytes
  | PickleList
  | PickleTuple
  | PickleSet
  | PickleDict
  | PickleGlobal
  | PickleCall
  | PicklePersistent;

/** A float, apart from the ints: `1.0` is not `1`. */
export interface PickleFloat {
  readonly kind: 'float';
  readonly value: number;
}

/** An int that is the key of a dict; one object for one int. */
export interface PickleInt {
  readonly kind: 'int';
  readonly value: number | bigint;
}

/** A view of the pickle's own bytes. */
export interface PickleBytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

/** What instructions change after it was made. Whoever took its content before that has the old one. */
interface Changeable {
  /** The place in the pickle where it was changed last. */
  changedAt?: number;
}

export interface PickleList extends Changeable {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
}

/** A set or a frozenset, in the order of the pickle; equal elements are not merged. */
export interface PickleSet extends Changeable {
  readonly kind: 'set';
  readonly items: PickleValue[];
}

/**
 * A dict. Keys of different types are different keys (0 and '0'). A str or int that comes again replaces the value, as in
 * Python; other keys are compared by identity. An int is a {@link PickleInt} here.
 */
export interface PickleDict extends Changeable {
  readonly kind: 'dict';
  readonly entries: Map<PickleValue, PickleValue>;
}

/** The name of a class or function: `collections` and `OrderedDict`. One object stands for one name. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
  /** `module.name`, the module by its name in Python 3. */
  readonly fullName: string;
}

/** A call that Python would make, and what it would do to the result. */
export interface PickleCall extends Changeable {
  readonly kind: 'call';
  /** The place in the pickle where it is called. */
  readonly calledAt: number;
  readonly callable: PickleValue;
  readonly args: PickleTuple;
  /** Keyword arguments, which protocol 4 can have. */
  readonly kwargs?: PickleValue;
  /** What BUILD hands to `__setstate__`, or sets as attributes. */
  state?: PickleValue;
  /** The place in the pickle of that. */
  stateAt?: number;
  /** Items appended to the result, as to a deque. */
  items?: PickleValue[];
  /** Items set by key in the result, as in an OrderedDict. */
  entries?: Map<PickleValue, PickleValue>;
}

/** A reference to something outside the pickle: in torch's files to a storage. */
export interface PicklePersistent {
  readonly kind: 'persistent';
  readonly id: PickleValue;
}

/** The value as an object of one kind; undefined where it is of another. */
export function asKind<Kind extends PickleObject['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): Extract<PickleObject, { kind: Kind }> | undefined {
  if (typeof value !== 'object' || value === null || value.kind !== kind) return undefined;
  return value as Extract<PickleObject, { kind: Kind }>;
}

/** Whether a value has at a place of the pickle what it has at its end. What is inside it may change. */
export function isUnchangedSince(value: PickleValue | undefined, place: number): boolean {
  if (typeof value !== 'object' || value === null || !('changedAt' in value)) return true;
  return (value.changedAt ?? 0) <= place;
}
