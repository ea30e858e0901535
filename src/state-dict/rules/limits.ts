import { checkInteger, checkKeys, checkObject, message, show } from '../../check.js';
import type { FormatError } from '../../errors.js';
import { formatError } from './format-codes.js';

/** Bounds on what a file may ask for before it is refused. */
export interface ReadLimits {
  /**
   * Bytes of a safetensors header or of the directory of a zip archive, at most 100,000,000 (the limit of safetensors), and
   * characters of the names of all tensors, which would stand in such a header. One of that size costs seconds and gigabytes
   * to read; that of an ordinary model takes kilobytes.
   * @default 25_000_000
   */
  readonly maxHeaderBytes?: number | undefined;
  /** Tensors of one file. @default 100_000 */
  readonly maxTensors?: number | undefined;
  /**
   * Bytes of all tensors that are no views of the file: unaligned, strided or compressed ones. A few bytes of a file can
   * claim terabytes (strides of 0, zeros deflated), so the sum is checked before any is allocated. By default twice what
   * a file may have: room for every element of the largest file to be unpacked or copied, not to be multiplied.
   * @default 2 ** 32
   */
  readonly maxTensorBytes?: number | undefined;
  /**
   * The same, in units of the file, where they are more than 256 MiB: an ordinary file has each element once, so that a small
   * one cannot ask for gigabytes.
   * @default 16
   */
  readonly maxExpansion?: number | undefined;
  /**
   * Entries of a zip archive. torch and numpy write one for each tensor, and a few beside; each costs a kilobyte of memory
   * before it is known to hold a tensor.
   * @default 200_000
   */
  readonly maxEntries?: number | undefined;
  /**
   * Bytes taken into memory: of the whole source, or with `select` of the parts that are read; of a gzip file also what it
   * becomes.
   * @default 2 ** 31
   */
  readonly maxBytes?: number | undefined;
  /**
   * Bytes of the pickle in a file of torch's, which may have an instruction for every 16 of them, or 65,536. The pickle of an ordinary model
   * takes 300 bytes for each tensor. A byte that makes an empty dict costs 250 of memory, so the worst pickle takes a gigabyte.
   * @default 64_000_000
   */
  readonly maxPickleBytes?: number | undefined;
}

/** Bytes of tensors that any file may have, however small it is. */
export const UNEXPANDED_BYTES = 2 ** 28;

/** Members of all objects in a text that may have `maxTensors` tensors: four for each, and some for metadata. */
export function maxMembers({ maxTensors }: Pick<Required<ReadLimits>, 'maxTensors'>): number {
  return 4 * maxTensors + 1024;
}

/** Most dimensions of a tensor: torch says "only tensors with up to 64 dims are supported". */
export const MAX_RANK = 64;

/** Longest header that the safetensors format allows: the reference refuses longer ones. */
export const FORMAT_MAX_HEADER_BYTES = 100_000_000;

const DEFAULTS: Required<ReadLimits> = {
  maxHeaderBytes: 25_000_000,
  maxTensors: 100_000,
  maxTensorBytes: 2 ** 32,
  maxExpansion: 16,
  maxEntries: 200_000,
  maxBytes: 2 ** 31,
  maxPickleBytes: 64_000_000,
};

const KNOWN = Object.keys(DEFAULTS) as (keyof ReadLimits)[];

/** Fills in defaults and checks what was given. */
export function resolveLimits(where: string, limits: ReadLimits = {}): Required<ReadLimits> {
  checkObject(where, 'limits', limits);
  checkKeys(`${where}: limits`, limits, KNOWN);
  const resolved = { ...DEFAULTS };
  for (const name of KNOWN) {
    const value = limits[name] ?? DEFAULTS[name];
    checkInteger(where, `limits.${name}`, value, 1);
    resolved[name] = value;
  }
  if (resolved.maxHeaderBytes > FORMAT_MAX_HEADER_BYTES) {
    const rule = `at most ${FORMAT_MAX_HEADER_BYTES}, the limit of the format`;
    throw new RangeError(message(where, 'limits.maxHeaderBytes', rule, show(resolved.maxHeaderBytes)));
  }
  return resolved;
}

/** The error for a file that goes past `maxTensors`. */
export function tooManyTensors(where: string, what: string, maxTensors: number): FormatError {
  const rule = `at most ${maxTensors} tensors`;
  return formatError('TOO_MANY_TENSORS', where, what, rule, 'more', 'Raise limits.maxTensors to read it');
}
