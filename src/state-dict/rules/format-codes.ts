import { message } from '../../check.js';
import { FormatError } from '../../errors.js';

/** Every `FormatError.code`: what is wrong with a file, as far as a program can act on it. The message names the rule. */
export const formatCodes = {
  UNKNOWN_FORMAT: 'the bytes are of no known format',
  TRUNCATED: 'the file is empty, or ends before its content does',
  TRAILING_BYTES: 'bytes follow what should be the last',
  DAMAGED: 'bytes do not have their checksum, or cannot be decompressed',
  TOO_LARGE: 'the file goes past one of the `limits`, or past what any tensor needs',
  INVALID_SYNTAX: 'text, a pickle or a record breaks the grammar of its format',
  INVALID_STRUCTURE: 'a file is well-formed, but does not hold what its format asks for',
  INCONSISTENT: 'parts of a file contradict each other, overlap, or leave a hole',
  INVALID_TENSOR: 'dtype, shape and elements of a tensor do not agree',
  UNKNOWN_DTYPE: 'a dtype is not one of the names of this format',
  DUPLICATE_NAME: 'a name stands twice',
  UNSAFE_NAME: 'the name of a file could lead out of its folder, or a name cannot be decoded',
  MISSING_PART: 'a part is missing that another part refers to',
} as const;

export type FormatCode = keyof typeof formatCodes;

export function formatError(
  code: FormatCode,
  where: string,
  what: string,
  rule: string,
  got: string,
  remedy?: string,
): FormatError {
  return new FormatError(code, message(where, what, rule, got, remedy));
}
