/** The storages that a pickle refers to, and where they are. */

import { show } from '../../../../check.js';
import { formatError } from '../../../rules/format-codes.js';
import type { WorkBudget } from '../../../rules/work.js';
import type { StoredBytes } from '../../checkpoint.js';
import { asKind, type PickleObject, type PicklePersistent, type PickleValue } from '../../pickle/values.js';
import { type ElementType, ON_META, storageType } from './dtypes.js';
import { invalid, WHERE } from './invalid.js';

/** A storage as a pickle describes it. */
export interface StorageClaim {
  /** The name of its bytes outside the pickle. */
  readonly key: string;
  readonly type: ElementType;
  /** Of the whole storage. */
  readonly bytes: number;
  /** The referenced part in bytes: the whole, except for the views of old versions. */
  readonly view: { readonly begin: number; readonly end: number };
}

/** A storage whose bytes have been found. */
export interface Storage extends StorageClaim {
  readonly stored: StoredBytes;
}

/** The storages of a file, by what the pickle has in their place. */
export interface Storages {
  get(reference: PickleObject): Storage | undefined;
}

/** The name of a storage in messages. */
export function nameOfStorage(key: string): string {
  return `storage ${show(key)}`;
}

/**
 * Reads every reference of a pickle: `('storage', class, key, device, size)`, before version 1.6 followed by a view. Storages of the
 * meta device have no elements; other devices are ignored, and so are references to the source of a module, which old versions
 * saved too.
 *
 * @throws FormatError for any other reference, and where two differ on the bytes or the dtype of one name: torch takes the first.
 */
export function readClaims(
  persistent: readonly PicklePersistent[],
  work: WorkBudget,
): Map<PicklePersistent, StorageClaim> {
  const claims = new Map<PicklePersistent, StorageClaim>();
  const parts = new Map<string, NamedPart>();
  for (const reference of persistent) {
    const id = asKind(reference.id, 'tuple')?.items;
    if (id?.[0] === 'module') continue;
    if (id?.[0] !== 'storage') {
      throw invalid('INVALID_STRUCTURE', 'pickle', 'references to storages', reference.id);
    }
    const claim = readClaim(id, reference);
    const { key, type, bytes } = claim;
    for (const [name, view] of [[key, { begin: 0, end: bytes }] as const, viewOf(id, claim)]) {
      work.spendName(name.length);
      checkPart(parts, name, { key, type, ...view });
    }
    claims.set(reference, claim);
  }
  return claims;
}

/** The elements that a name stands for: those of a whole storage, or of a view. */
interface NamedPart {
  readonly key: string;
  readonly type: ElementType;
  readonly begin: number;
  readonly end: number;
}

/** The view of a reference under its own name; of the whole storage, where there is none. */
function viewOf(
  [, , , , , value]: readonly PickleValue[],
  { key, view }: StorageClaim,
): readonly [string, StorageClaim['view']] {
  const [name] = asKind(value, 'tuple')?.items ?? [];
  return [typeof name === 'string' ? name : key, view];
}

function checkPart(parts: Map<string, NamedPart>, name: string, part: NamedPart): void {
  const before = parts.get(name) ?? part;
  parts.set(name, before);
  const isSameType = before.type.dtype === part.type.dtype && before.type.reason === part.type.reason;
  if (isSameType && before.key === part.key && before.begin === part.begin && before.end === part.end) return;
  const rule = `${textOfPart(before)}, as it had before`;
  throw formatError('INCONSISTENT', WHERE, nameOfStorage(name), rule, textOfPart(part));
}

function textOfPart({ key, type, begin, end }: NamedPart): string {
  return `bytes ${begin} to ${end} of ${show(key)} as ${type.dtype ?? type.reason}`;
}

/** The storages of a file; `find` is asked once for each key. */
export function findStorages(
  claims: ReadonlyMap<PicklePersistent, StorageClaim>,
  find: (claim: StorageClaim) => StoredBytes,
): ReadonlyMap<PicklePersistent, Storage> {
  const found = new Map<string, StoredBytes>();
  const storages = new Map<PicklePersistent, Storage>();
  for (const [reference, claim] of claims) {
    const stored = found.get(claim.key) ?? find(claim);
    found.set(claim.key, stored);
    storages.set(reference, { ...claim, stored });
  }
  return storages;
}

function readClaim(id: readonly PickleValue[], { id: whole }: PicklePersistent): StorageClaim {
  const [, classValue, key, device, count, view] = id;
  const storageClass = asKind(classValue, 'global');
  const type = storageClass && storageType(storageClass.name);
  if ((id.length !== 5 && id.length !== 6) || typeof key !== 'string' || type === undefined) {
    const rule = "('storage', a class of storages, key, device, size)";
    throw invalid('INVALID_STRUCTURE', 'pickle', rule, whole);
  }
  const bytes = byteCount(count, type, key);
  const held = device === 'meta' ? { bytes: type.bytes, reason: ON_META } : type;
  return { key, type: held, bytes, view: readView(view, type, bytes, key) };
}

function byteCount(count: PickleValue | undefined, type: ElementType, key: string): number {
  const bytes = typeof count === 'number' ? count * type.bytes : Number.NaN;
  if (Number.isSafeInteger(bytes) && bytes >= 0) return bytes;
  throw invalid('INVALID_STRUCTURE', nameOfStorage(key), 'a number of elements', count);
}

/** `None`, or `(key, first element, number of elements)`. */
function readView(
  view: PickleValue | undefined,
  type: ElementType,
  bytes: number,
  key: string,
): StorageClaim['view'] {
  if (view === undefined || view === null) return { begin: 0, end: bytes };
  const [, offset, count] = asKind(view, 'tuple')?.items ?? [];
  const begin = byteCount(offset, type, key);
  const end = begin + byteCount(count, type, key);
  if (end <= bytes) return { begin, end };
  throw invalid('INVALID_TENSOR', nameOfStorage(key), `a view inside its ${bytes} bytes`, view);
}
