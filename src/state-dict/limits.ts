import { checkInteger, message, show } from '../check.js';

/** Bounds on what a file may ask for before it is refused. */
export interface ParseLimits {
  /**
   * Bytes of a safetensors header, at most 100,000,000 (the limit of the format). A header of that size costs seconds
   * and gigabytes to read; one of an ordinary model takes kilobytes.
   * @default 25_000_000
   */
  readonly maxHeaderBytes?: number;
  /** Tensors of one file. @default 100_000 */
  readonly maxTensors?: number;
}

export interface ReadLimits extends ParseLimits {
  /** Bytes of the whole source. @default 2 ** 31 */
  readonly maxBytes?: number;
}

/** Room in an object for what is no tensor: metadata, what stands beside a state_dict, the fields of one tensor. */
export const OTHER_MEMBERS = 64;

/** The limit of the format itself: the reference refuses longer headers. */
const FORMAT_MAX_HEADER_BYTES = 100_000_000;

/** Fills in defaults and checks what was given. */
export function resolveLimits(where: string, limits: ReadLimits = {}): Required<ReadLimits> {
  const { maxHeaderBytes = 25_000_000, maxTensors = 100_000, maxBytes = 2 ** 31 } = limits;
  checkInteger(where, 'limits.maxHeaderBytes', maxHeaderBytes, 1);
  checkInteger(where, 'limits.maxTensors', maxTensors, 1);
  checkInteger(where, 'limits.maxBytes', maxBytes, 1);
  if (maxHeaderBytes > FORMAT_MAX_HEADER_BYTES) {
    const rule = `at most ${FORMAT_MAX_HEADER_BYTES}, the limit of the format`;
    throw new RangeError(message(where, 'limits.maxHeaderBytes', rule, show(maxHeaderBytes)));
  }
  return { maxHeaderBytes, maxTensors, maxBytes };
}
