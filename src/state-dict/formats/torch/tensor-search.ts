/** Where tensors are in what is no container of theirs: in the arguments of a class of somebody's own, in its state. */

import {
  asKind,
  type PickleDict,
  type PickleList,
  type PickleSet,
  type PickleTuple,
  type PickleValue,
} from '../pickle/values.js';
import { makesTensor } from './tensors.js';

/** Values that one search after the other may look at. */
const MOST_LOOKED = 1_000_000;

export class TensorSearch {
  /** By levels: what has been found out of a collection, which many objects may share. */
  private readonly withTensors = [new Map<Collection, boolean>(), new Map<Collection, boolean>()] as const;
  private looked = 0;

  /**
   * Whether a tensor or a storage is in a collection.
   *
   * @param inner  1 to look into the collections in it as well, where the fields of a named tuple are, else 0.
   */
  holds(collection: Collection | undefined, inner: 0 | 1): boolean {
    if (collection === undefined) return false;
    const known = this.withTensors[inner];
    let found = known.get(collection);
    if (found === undefined) {
      found = membersOf(collection).some((item) => {
        if (isTensorOrStorage(item)) return true;
        return inner === 1 && this.holds(asCollection(item), 0);
      });
      known.set(collection, found);
    }
    return found;
  }

  /** Whether a tensor can be reached from a value, as far as it is looked for. */
  reaches(value: PickleValue): boolean {
    const seen = new Set([value]);
    for (const one of seen) {
      if (isTensorOrStorage(one)) return true;
      // Who makes so many odd containers gets no weights past them.
      if (this.looked++ > MOST_LOOKED) return true;
      for (const member of directMembers(one)) seen.add(member);
    }
    return false;
  }
}

type Collection = PickleTuple | PickleList | PickleSet | PickleDict;

function asCollection(value: PickleValue): Collection | undefined {
  return asKind(value, 'tuple') ?? asKind(value, 'list') ?? asKind(value, 'set') ?? asKind(value, 'dict');
}

function membersOf(collection: Collection): readonly PickleValue[] {
  return collection.kind === 'dict' ? [...collection.entries.values()] : collection.items;
}

function isTensorOrStorage(value: PickleValue): boolean {
  const call = asKind(value, 'call');
  return call ? makesTensor(call) : asKind(value, 'persistent') !== undefined;
}

/** What a value is made of. */
function directMembers(value: PickleValue): readonly PickleValue[] {
  const call = asKind(value, 'call');
  if (call === undefined) return membersOf(asCollection(value) ?? NOTHING);
  const { args, state, items = [], entries } = call;
  return [args, ...(state === undefined ? [] : [state]), ...items, ...(entries?.values() ?? [])];
}

const NOTHING: PickleTuple = { kind: 'tuple', items: [] };
