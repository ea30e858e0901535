/**
 * The records of a zip archive, little-endian throughout: `local header | name | extra | data [| descriptor]` for each entry,
 * then the central directory, its end in 64 bits with a locator, its end.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */

import type { FormatError } from '../../../errors.js';
import { type FormatCode, formatError } from '../../rules/format-codes.js';

export const LOCAL_SIGNATURE = 0x04034b50;
export const CENTRAL_SIGNATURE = 0x02014b50;
export const DESCRIPTOR_SIGNATURE = 0x08074b50;
export const END_SIGNATURE = 0x06054b50;
export const END64_SIGNATURE = 0x06064b50;
export const LOCATOR_SIGNATURE = 0x07064b50;

/** Bytes of each record before its name, extra fields or comment. */
export const LOCAL_BYTES = 30;
export const CENTRAL_BYTES = 46;
export const END_BYTES = 22;
export const END64_BYTES = 56;
export const LOCATOR_BYTES = 20;

/** The value of a field of 16 or 32 bits that means "see the 64-bit record". */
export const SATURATED16 = 0xffff;
export const SATURATED32 = 0xffffffff;

/** Id and length, before every extra field. */
export const EXTRA_HEAD_BYTES = 4;

export const WHERE = 'zip';

export function viewOfBytes(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 64 bits unsigned. Beyond 2^53 it rounds to a number larger than any file, which the next check refuses. */
export function uint64At(view: DataView, offset: number): number {
  return Number(view.getBigUint64(offset, true));
}

export function zipError(
  code: FormatCode,
  what: string,
  rule: string,
  got: string,
  remedy?: string,
): FormatError {
  return formatError(code, WHERE, what, rule, got, remedy);
}
