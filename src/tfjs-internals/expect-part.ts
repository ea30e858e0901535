/**
 * This folder holds everything that this package uses of tfjs 4.22 and that tfjs does not document. No other file does: a change in
 * another version of tfjs is followed here alone. Each part is checked when it is first used.
 */

import { message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';

/** Parts that were as expected: they are not checked again. */
export const checkedParts = new Set<string>();

/** @param part where tfjs keeps it: 'Engine.state.activeTape'. */
export function expectPart(part: string, rule: string, isAsExpected: boolean, value: unknown): void {
  if (checkedParts.has(part)) return;
  if (!isAsExpected)
    throw new UnsupportedError(
      message('tfjs', part, `${rule}, as in tfjs 4.22`, show(value), 'Install tfjs ~4.22.0'),
    );
  checkedParts.add(part);
}
