/** The records of the archives that torch writes: entries in one folder, read as torch finds them. */

import { show, showFirst } from '../../../check.js';
import type { Reading } from '../../reading/reading.js';
import { formatError } from '../../rules/format-codes.js';
import { latin1Of } from '../../tensors/bytes.js';
import { readEntry, type ZipArchive } from '../zip/archive.js';
import { nameOfEntry, type ZipEntry } from '../zip/directory.js';
import { isSpelledBy } from '../zip/name.js';

/** Entries by the {@link foldedName} of their bytes inside the one folder of the archive. */
export type Records = ReadonlyMap<string, ZipEntry>;

export const BYTE_ORDER = 'byteorder';

/** Longest record of a version or byte order. */
export const MAX_WORD_BYTES = 64;

const UTF8 = new TextEncoder();
const SLASH = '/'.charCodeAt(0);

/** Of records with one name torch may read any. */
function refuseRepeated(archive: ZipArchive, where: string): void {
  const repeated = [...archive.values()].find(({ replaced }) => replaced !== undefined);
  if (repeated === undefined) return;
  throw formatError('DUPLICATE_NAME', where, 'archive', 'each name once', `${show(repeated.name)} again`);
}

/** The name of an entry without its folder. */
export function nameInFolder(name: string): string {
  return name.slice(name.indexOf('/') + 1);
}

/**
 * The entries of an archive by name. Their folder may have any name; torch takes that of the file.
 *
 * @param where  opens messages: the format.
 * @param example  an entry that such an archive has.
 * @throws FormatError for entries outside of the folder, and for a name that stands twice.
 */
export function recordsOf(archive: ZipArchive, where: string, example: string): Records {
  refuseRepeated(archive, where);
  const records = new Map<string, ZipEntry>();
  let folder: string | undefined;
  for (const entry of archive.values()) {
    folder ??= entry.name.slice(0, entry.name.indexOf('/') + 1);
    if (folder === '' || !entry.name.startsWith(folder)) {
      const rule = `every entry in one folder, as in "archive/${example}"`;
      const remedy = 'torch did not write this archive';
      throw formatError('INVALID_STRUCTURE', where, 'archive', rule, nameOfEntry(entry.name), remedy);
    }
    const name = recordName(entry, where);
    const same = records.get(name);
    if (same !== undefined) {
      const rule = 'each name once, capital letters or not';
      const got = `${show(same.name)} and ${show(entry.name)}`;
      throw formatError('DUPLICATE_NAME', where, 'archive', rule, got);
    }
    records.set(name, hasChecksum(entry) ? entry : { ...entry, crc32: undefined });
  }
  return records;
}

/** @throws FormatError INCONSISTENT where other readers see another name than torch, by an extra field. */
function recordName({ name, nameBytes }: ZipEntry, where: string): string {
  const bytes = nameBytes.subarray(nameBytes.indexOf(SLASH) + 1);
  if (isSpelledBy(nameInFolder(name), bytes)) return foldedName(bytes);
  const rule = 'a Unicode path that is its name';
  throw formatError('INCONSISTENT', where, nameOfEntry(name), rule, show(latin1Of(nameBytes)));
}

/** torch compares the bytes of names, capital letters of ASCII as small ones: a key is in UTF-8. */
export function foldedName(name: Uint8Array | string): string {
  const bytes = typeof name === 'string' ? UTF8.encode(name) : name;
  return latin1Of(bytes).replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * torch writes 0 for the checksum under `set_crc32_options(False)`, and under `skip_data`, where storages are zeros to be filled
 * later. It checks no checksum itself.
 */
function hasChecksum({ crc32, inflatedBytes }: ZipEntry): boolean {
  return crc32 !== 0 || inflatedBytes === 0;
}

/** What is to be told of records without a checksum, a sentence. */
export function warningsOf(records: Records): string[] {
  const unchecked = [...records.values()]
    .filter(({ crc32 }) => crc32 === undefined)
    .map(({ name }) => nameInFolder(name));
  if (unchecked.length === 0) return [];
  const what = 'damage to it, or zeros where elements were never written, would not be noticed';
  return [`Saved without a checksum, so that ${what}: ${showFirst(unchecked, show)}.`];
}

/** @throws FormatError MISSING_PART where there is none. */
export function recordNamed(records: Records, name: string, where: string, what: string): ZipEntry {
  const entry = records.get(foldedName(name));
  if (entry) return entry;
  throw formatError('MISSING_PART', where, what, `a record ${name}`, 'none');
}

/** The text of a record of one word. */
export function wordOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).replace(/\n$/, '');
}

/** Whether a byte order is that of little-endian elements. */
export function isLittleEndian(word: string, where: string): boolean {
  if (word === 'little' || word === 'big') return word === 'little';
  throw formatError('INVALID_STRUCTURE', where, BYTE_ORDER, 'little or big', show(word));
}

/** {@link isLittleEndian} of the record, which old archives lack. */
export function* readByteOrder(records: Records, where: string): Reading<boolean> {
  const entry = records.get(BYTE_ORDER);
  return entry === undefined || isLittleEndian(wordOf(yield* readEntry(entry, MAX_WORD_BYTES)), where);
}
