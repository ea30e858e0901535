/** A value of JSON text, the place where it stands, and checks of what it is. */

import { shortened, show } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import type { Json, JsonObject } from './json.js';

/** The largest index that tensors here can have. torch writes 2^63 - 1 for "to the end". */
const MAX_INDEX = 2 ** 31 - 1;

/**
 * Every check throws a FormatError INVALID_STRUCTURE with the path of the value: `models/model.json: graph.nodes[3].target: expected
 * a string, got 3`.
 */
export class Cursor {
  constructor(
    readonly value: Json,
    /** The file. */
    private readonly where: string,
    private readonly path = '',
  ) {}

  /** The value of a member that must be there. */
  get(name: string): Cursor {
    const member = this.optional(name);
    if (member === undefined) throw this.fault(`a member ${show(name)}`, 'an object without');
    return member;
  }

  /** Undefined where the member is absent or null: later versions add members. */
  optional(name: string): Cursor | undefined {
    const value = this.object().get(name);
    return value == null ? undefined : this.at(value, this.path === '' ? name : `.${name}`);
  }

  /** The members of an object of any names. */
  members(): [name: string, value: Cursor][] {
    return [...this.object()].map(([name, value]) => [name, this.at(value, `[${show(name)}]`)]);
  }

  list(): Cursor[] {
    if (!Array.isArray(this.value)) throw this.fault('a list');
    return (this.value as readonly Json[]).map((value, i) => this.at(value, `[${i}]`));
  }

  string(): string {
    if (typeof this.value !== 'string') throw this.fault('a string');
    return this.value;
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') throw this.fault('a boolean');
    return this.value;
  }

  /** An integer; one beyond the sizes of tensors becomes the largest or smallest index. */
  integer(): number {
    return Math.max(-MAX_INDEX, Math.min(MAX_INDEX, this.number()));
  }

  /** An integer, of int64 as near as float64 has it. */
  number(): number {
    const { value } = this;
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'number' || !Number.isInteger(value)) throw this.fault('an integer');
    return value;
  }

  /** A float; torch writes those that JSON has no number for as text. */
  float(): number {
    const { value } = this;
    if (typeof value === 'number') return value;
    if (typeof value === 'bigint') return Number(value);
    if (value === 'NaN') return Number.NaN;
    if (value === 'Infinity') return Number.POSITIVE_INFINITY;
    if (value === '-Infinity') return Number.NEGATIVE_INFINITY;
    throw this.fault('a number');
  }

  /** The one member of a union, `{"as_int": 3}`. */
  union(): [kind: string, value: Cursor] {
    const members = [...this.object()].filter(([, value]) => value !== null);
    const [member] = members;
    if (members.length !== 1 || member === undefined) throw this.fault('an object with one member');
    return [member[0], this.at(member[1], `.${shortened(member[0])}`)];
  }

  fault(rule: string, got = showJson(this.value)) {
    return formatError('INVALID_STRUCTURE', this.where, this.path || 'root', rule, got);
  }

  private object(): JsonObject {
    if (!(this.value instanceof Map)) throw this.fault('an object');
    return this.value;
  }

  private at(value: Json, step: string): Cursor {
    return new Cursor(value, this.where, this.path + step);
  }
}

function showJson(value: Json): string {
  if (value instanceof Map) return 'an object';
  return Array.isArray(value) ? `a list of ${value.length}` : show(value);
}
