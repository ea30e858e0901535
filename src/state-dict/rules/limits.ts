import { checkInteger, checkKeys, checkObject, message, show } from '../../check.js';
import type { FormatError } from '../../errors.js';
import { formatError } from './format-codes.js';

/** Limits on what a file may ask for. A file that exceeds one is refused before memory is allocated for it. */
export interface ReadLimits {
  /**
   * Bytes of a safetensors or npy header, or of the directory of a zip archive, at most 100,000,000 (the limit of safetensors). A
   * header of 100 MB costs seconds and gigabytes to read; that of an ordinary model has kilobytes.
   * @default 25_000_000
   */
  readonly maxHeaderBytes?: number | undefined;
  /**
   * Tensors of one file. All values and names of a file together may take 64 steps for each, and 65,536 more: a step is an
   * instruction of a pickle, a tenth of a member of a JSON object, or 64 characters of a name, and takes at most 250 bytes.
   * @default 100_000
   */
  readonly maxTensors?: number | undefined;
  /**
   * Bytes of all tensors that are not views of the file: unaligned, strided, compressed, or numbers of JSON text. A few bytes of a
   * file can declare terabytes (strides of 0, deflated zeros), so the sum is checked before any is allocated. The default is twice
   * `maxBytes`: room to unpack or copy every element of the largest file once. In a program also bytes of the tensors that a call makes
   * and that are needed at one time: the file says how large they are.
   * @default 2 ** 32
   */
  readonly maxTensorBytes?: number | undefined;
  /**
   * The same bytes as a multiple of the size of the file, where they exceed 256 MiB, and so the decompressed bytes of a gzip file.
   * An ordinary file has each element once, so a small file cannot ask for gigabytes. The steps of `maxTensors`, where they
   * exceed 65,536, are held to the same multiple.
   * @default 16
   */
  readonly maxExpansion?: number | undefined;
  /**
   * Entries of a zip archive. torch and numpy write one for each tensor, and a few more; each costs a kilobyte of memory.
   * @default 200_000
   */
  readonly maxEntries?: number | undefined;
  /**
   * Bytes read into memory: of the whole source, or with `select` of the parts that are read; of a gzip file also the decompressed
   * bytes.
   * @default 2 ** 31
   */
  readonly maxBytes?: number | undefined;
  /**
   * Bytes of the pickle in a file of torch's. An ordinary model takes 300 for each tensor.
   * @default 64_000_000
   */
  readonly maxPickleBytes?: number | undefined;
}

/** Bytes beside its own that any file may ask for, whatever its size. */
const UNEXPANDED_BYTES = 2 ** 28;

/** Most bytes that a file may ask for beside its own, by `maxExpansion`. */
export function expandedBytes(size: number, { maxExpansion }: Required<ReadLimits>): number {
  return Math.max(UNEXPANDED_BYTES, maxExpansion * size);
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

/** Checks limits and fills in the defaults. */
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

/** The error for a file with more than `maxTensors`. */
export function tooManyTensors(where: string, what: string, maxTensors: number): FormatError {
  const rule = `at most ${maxTensors} tensors`;
  return formatError('TOO_LARGE', where, what, rule, 'more', 'Raise limits.maxTensors to read it');
}
