/** Tar archives, of which torch.save wrote some before version 0.1.10, and others pack models in (`.nemo`, `model.tar.gz`). */

import { message } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import { type Reading, readRange } from '../../reading/reading.js';
import { hasMark } from '../../tensors/bytes.js';
import { READ_FILES, showEntries, unpackRemedy } from './names.js';

const BLOCK = 512;
const MAGIC_OFFSET = 257;
const TYPE_OFFSET = 156;
const SIZE = [124, 136] as const;
/** First byte of a size that is not in octal digits. */
const BINARY = 0x80;
const NAME = [0, 100] as const;
const PREFIX = [345, 500] as const;

/** Entries that are looked at. A header is a request where the file is remote. */
const MAX_ENTRIES = 64;
const MAX_NAME_BYTES = 4096;

/** Types of entries with the name of the next one: of GNU tar and of pax. */
const LONG_NAME = 'L';
const PAX = 'x';
const FILES = ['0', '\0', '7'];

/** The entries of the oldest files of torch.save. */
const OF_TORCH = ['sys_info', 'pickle', 'storages'];

/** Whether a file begins like a tar archive. */
export function isTar(bytes: Uint8Array): boolean {
  return hasMark(bytes, 'ustar', MAGIC_OFFSET);
}

/**
 * Lists the files of a tar archive, and says which to read.
 *
 * @param size  of the file.
 * @throws UnsupportedError always.
 */
export function* refuseTar(size: number): Reading<never> {
  const names = yield* listFiles(size);
  const isOfTorch = OF_TORCH.every((name) => names.includes(name));
  const got = isOfTorch
    ? 'a tar archive, as torch.save wrote before version 0.1.10'
    : `a tar archive ${showEntries(names)}`;
  const remedy = isOfTorch
    ? 'torch reads it by running what is in it, so ask its author for a state_dict that is saved anew'
    : unpackRemedy('tar -xf', names);
  throw new UnsupportedError(message('file', 'format', READ_FILES, got, remedy));
}

function* listFiles(size: number): Reading<string[]> {
  const names: string[] = [];
  let longName: string | undefined;
  let at = 0;
  for (let i = 0; i < MAX_ENTRIES && at + BLOCK <= size; i++) {
    const header = yield* readRange(at, at + BLOCK);
    const length = sizeIn(header);
    if (!isTar(header) || !Number.isSafeInteger(length) || length < 0) break;
    const begin = at + BLOCK;
    at = begin + BLOCK * Math.ceil(length / BLOCK);
    const type = String.fromCharCode(header[TYPE_OFFSET]);
    if (type === LONG_NAME || type === PAX) {
      const end = Math.min(begin + Math.min(length, MAX_NAME_BYTES), size);
      longName = nameIn(type, yield* readRange(Math.min(begin, end), end)) ?? longName;
      continue;
    }
    const short = [textIn(header, PREFIX), textIn(header, NAME)].filter((part) => part !== '').join('/');
    if (FILES.includes(type)) names.push(longName ?? short);
    longName = undefined;
  }
  return names;
}

/** Octal digits, or in GNU tar's files of 8 GiB and more a number of 88 bits behind a byte that says so. NaN of anything else. */
function sizeIn(header: Uint8Array): number {
  const [first, ...digits] = header.subarray(...SIZE);
  if (first === BINARY) return digits.reduce((number, digit) => 256 * number + digit, 0);
  return Number.parseInt(textIn(header, SIZE), 8);
}

/** A text that ends at a zero byte, or at the end of its field. */
function textIn(header: Uint8Array, [begin, end]: readonly [number, number]): string {
  return decode(header.subarray(begin, end));
}

/** pax writes records `length key=value\n`. */
function nameIn(type: string, bytes: Uint8Array): string | undefined {
  return type === LONG_NAME ? decode(bytes) : /^\d+ path=(.*)$/m.exec(new TextDecoder().decode(bytes))?.[1];
}

/** UTF-8, as all but old archives are in. */
function decode(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
