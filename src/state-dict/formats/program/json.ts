/** JSON text as values that lose nothing: integers beyond 2^53 are bigints, objects are Maps. */

import type { WorkBudget } from '../../rules/work.js';
import { JsonReader } from '../json/reader.js';

export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject;

export type JsonObject = ReadonlyMap<string, Json>;

/** A graph inside a graph takes ten levels. */
const MAX_DEPTH = 200;

/** A value of a list: a reference and the value. */
const ELEMENT_STEPS = 1;

/**
 * Reads a whole text.
 *
 * @param where  opens messages: the name of the file.
 * @throws FormatError where the text is not JSON, names a member twice, nests too deep or takes too much work.
 */
export function readJson(bytes: Uint8Array, where: string, work: WorkBudget): Json {
  const reader = new JsonReader(bytes, {
    where,
    unit: 'byte',
    maxDepth: MAX_DEPTH,
    work,
    pythonNumbers: true,
  });
  const value = readValue(reader, work);
  reader.expectEnd();
  return value;
}

function readValue(reader: JsonReader, work: WorkBudget): Json {
  work.spend(ELEMENT_STEPS);
  switch (reader.kind()) {
    case 'object': {
      const members = new Map<string, Json>();
      reader.readObject((name) => members.set(name, readValue(reader, work)));
      return members;
    }
    case 'list': {
      const items: Json[] = [];
      reader.readList(() => items.push(readValue(reader, work)));
      return items;
    }
    case 'string':
      return reader.readString();
    case 'number':
      return readNumber(reader);
    case 'boolean':
      return reader.readBoolean();
    case 'null':
      reader.readNull();
      return null;
  }
}

function readNumber(reader: JsonReader): number | bigint {
  const value = reader.readNumber();
  if (!Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  const text = reader.tokenText(Number.POSITIVE_INFINITY);
  return /^-?\d+$/.test(text) ? BigInt(text) : value;
}
