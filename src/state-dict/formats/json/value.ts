import { type ListScan, scanList } from './list.js';
import type { JsonReader } from './reader.js';

/** A value of JSON text as one pass over the text finds it: the members of an object, and the place of every other value. */
export type JsonValue =
  | { readonly kind: 'object'; readonly members: JsonMembers }
  | { readonly kind: 'null' }
  /** `length` counts bytes of the text, quotes included. */
  | { readonly kind: 'string'; readonly offset: number; readonly length: number }
  /** Numbers and booleans are lists of depth 0. */
  | { readonly kind: 'list' | 'number' | 'boolean'; readonly offset: number; readonly scan: ListScan };

export type JsonMembers = ReadonlyMap<string, JsonValue>;

/** Reads past the value that comes next. */
export function readValue(reader: JsonReader): JsonValue {
  const kind = reader.kind();
  const offset = reader.position;
  if (kind === 'object') {
    const members = new Map<string, JsonValue>();
    reader.readObject((name) => void members.set(name, readValue(reader)));
    return { kind, members };
  }
  if (kind === 'string' || kind === 'null') {
    reader.skipValue();
    return kind === 'null' ? { kind } : { kind, offset, length: reader.position - offset };
  }
  return { kind, offset, scan: scanList(reader) };
}
