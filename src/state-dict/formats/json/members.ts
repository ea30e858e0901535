import { tooManyTensors } from '../../rules/limits.js';
import type { JsonKind, JsonReader } from './reader.js';

/** One member of an object, found in a first pass over the text. */
export interface Member {
  readonly name: string;
  readonly kind: JsonKind;
  /** Where its value begins. */
  readonly offset: number;
  /** Scalars that its value holds, at any depth. */
  readonly scalars: number;
}

/** First pass over the object at `offset`: checks the grammar, finds the members and counts their scalars. */
export function membersAt(
  reader: JsonReader,
  offset: number,
  maxTensors = Number.POSITIVE_INFINITY,
): Member[] {
  const members: Member[] = [];
  reader.position = offset;
  reader.readObject((name) => {
    if (members.length === maxTensors) throw tooManyTensors('json', 'root', maxTensors);
    const kind = reader.kind();
    members.push({ name, kind, offset: reader.position, scalars: reader.skipValue() });
  });
  return members;
}

/** The same by name. */
export function membersByName(reader: JsonReader, offset: number): Map<string, Member> {
  return new Map(membersAt(reader, offset).map((member) => [member.name, member]));
}
