/**
 * What a pickle builds, as inert values. Nothing in a pickle is looked up, imported or called: a class is its name, and a
 * call is a record of what Python would call with what.
 */

/** Python's int is a number, or a bigint where a number would round it; str, bool and None are those of JavaScript. */
export type PickleValue = null | boolean | number | bigint | string | PickleObject;

export type PickleObject =
  | PickleFloat
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

/** A view of the pickle's own bytes. */
export interface PickleBytes {
  readonly kind: 'bytes';
  readonly bytes: Uint8Array;
}

/**
 * When things were done, in instructions: what a call makes of a list or dict is what that held at the time, so who reads the
 * call's arguments must know whether they are still the same.
 */
export interface Changeable {
  /** The last time that something was added or set. */
  changedAt?: number;
}

export interface PickleList extends Changeable {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: readonly PickleValue[];
  /** It stays as it is. */
  readonly changedAt?: undefined;
}

/** A set or a frozenset, in the order of the pickle; an element may stand in it twice. */
export interface PickleSet extends Changeable {
  readonly kind: 'set';
  readonly items: PickleValue[];
}

/**
 * A dict. Keys of different types are different keys (0 and '0'); a str or int that comes again replaces the value, as in
 * Python. Other keys are told apart by identity.
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
}

/** A call that Python would make, and what it would do to the result. */
export interface PickleCall extends Changeable {
  readonly kind: 'call';
  readonly calledAt: number;
  readonly callable: PickleValue;
  readonly args: PickleTuple;
  /** Present for the calls with keywords of protocol 4. */
  readonly kwargs?: PickleValue;
  /** What BUILD hands to `__setstate__`, or sets as attributes, and when. */
  state?: PickleValue;
  builtAt?: number;
  /** What is appended or added, as to a deque. */
  items?: PickleValue[];
  /** What is set by key, as in an OrderedDict. */
  entries?: Map<PickleValue, PickleValue>;
}

/** A reference to something beside the pickle: in torch's files to a storage. */
export interface PicklePersistent {
  readonly kind: 'persistent';
  readonly id: PickleValue;
}

/** A value that is an object of the kind asked for; undefined for every other. */
export function asKind<Kind extends PickleObject['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): Extract<PickleObject, { kind: Kind }> | undefined {
  if (typeof value !== 'object' || value === null || value.kind !== kind) return undefined;
  return value as Extract<PickleObject, { kind: Kind }>;
}

/** Whether something was added or set after a time. */
export function isChangedAfter({ changedAt = 0 }: Changeable, time: number): boolean {
  return changedAt > time;
}
