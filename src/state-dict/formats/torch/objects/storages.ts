/** The storages that a pickle refers to, and where they are. */

import { show } from '../../../../check.js';
import { formatError } from '../../../rules/format-codes.js';
import type { WorkBudget } from '../../../rules/work.js';
import type { StoredBytes } from '../../checkpoint.js';
import { asKind, type PickleObject, type PicklePersistent, type PickleValue } from '../../pickle/values.js';
import { type ElementType, storageType } from './dtypes.js';
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
 * Reads every reference of a pickle: `('storage', class, key, device, size)`, before version 1.6 followed by a view. The device is
 * ignored, and so are references to the source of a module, which old versions saved too.
 *
 * @throws FormatError for any other reference, and where two differ on the size of one storage.
 */
export function readClaims(
  persistent: readonly PicklePersistent[],
  work: WorkBudget,
): Map<PicklePersistent, StorageClaim> {
  const claims = new Map<PicklePersistent, StorageClaim>();
  const sizes = new Map<string, number>();
  for (const reference of persistent) {
    const id = asKind(reference.id, 'tuple')?.items;
    if (id?.[0] === 'module') continue;
    if (id?.[0] !== 'storage') {
      throw invalid('INVALID_STRUCTURE', 'pickle', 'references to storages', reference.id);
    }
    const claim = readClaim(id, reference);
    work.spendName(claim.key.length);
    const size = sizes.get(claim.key) ?? claim.bytes;
    if (size !== claim.bytes) {
      const rule = `${size} bytes, as it had before`;
      throw formatError('INCONSISTENT', WHERE, nameOfStorage(claim.key), rule, `${claim.bytes}`);
    }
    sizes.set(claim.key, size);
    claims.set(reference, claim);
  }
  return claims;
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
  const [, classValue, key, , count, view] = id;
  const storageClass = asKind(classValue, 'global');
  const type = storageClass && storageType(storageClass.name);
  if ((id.length !== 5 && id.length !== 6) || typeof key !== 'string' || type === undefined) {
    const rule = "('storage', a class of storages, key, device, size)";
    throw invalid('INVALID_STRUCTURE', 'pickle', rule, whole);
  }
  const bytes = byteCount(count, type, key);
  return { key, type, bytes, view: readView(view, type, bytes, key) };
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
