import type { FormatError } from '../../../../errors.js';
import { type FormatCode, formatError } from '../../../rules/format-codes.js';
import { textOf } from '../../pickle/text.js';
import type { PickleValue } from '../../pickle/values.js';

export const WHERE = 'torch';

/** The error for a value of the pickle that breaks the format. */
export function invalid(
  code: FormatCode,
  what: string,
  rule: string,
  got: PickleValue | undefined,
): FormatError {
  return formatError(code, WHERE, what, rule, got === undefined ? 'nothing' : textOf(got));
}
