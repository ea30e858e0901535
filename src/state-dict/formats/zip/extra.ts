/** Extra fields, which follow a name: `id, 16 bits | length, 16 bits | content` each. */

import { EXTRA_HEAD_BYTES, viewOfBytes } from './records.js';

/** Sizes and offset in 64 bits. */
export const ZIP64 = 0x0001;

/** The name in UTF-8, with a checksum of the name in another encoding that it stands for. */
export const UNICODE_PATH = 0x7075;

export interface ExtraFields {
  /** The content of the first field of an id. */
  get(id: number): Uint8Array | undefined;
  /** Whether no field reaches past the end, and none of an id that this reader takes stands twice. */
  readonly isSound: boolean;
}

/** Reads extra fields. Fewer than four bytes at the end are padding, by which some tools align data. */
export function readExtraFields(extra: Uint8Array): ExtraFields {
  const found = new Map<number, Uint8Array>();
  const view = viewOfBytes(extra);
  let isSound = true;
  let at = 0;
  while (at + EXTRA_HEAD_BYTES <= extra.length) {
    const id = view.getUint16(at, true);
    const begin = at + EXTRA_HEAD_BYTES;
    at = begin + view.getUint16(at + 2, true);
    const isTaken = id === ZIP64 || id === UNICODE_PATH;
    if (at > extra.length || (isTaken && found.has(id))) isSound = false;
    else if (isTaken) found.set(id, extra.subarray(begin, at));
  }
  return { get: (id) => found.get(id), isSound };
}

/** Shared, since most entries have none. */
export const NO_FIELDS: ExtraFields = { get: () => undefined, isSound: true };
