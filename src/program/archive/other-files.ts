/** Files of other kinds in the place of a program. */

import { message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type { UnopenedFile } from '../../state-dict/formats/checkpoint.js';
import { detectFormat, isArchive, isKnownFormat } from '../../state-dict/formats/detect.js';
import { MODEL, SAVE, WHERE } from '../../state-dict/formats/program/records.js';
import { type Reading, readRange } from '../../state-dict/reading/reading.js';

/** Enough for the signature of every format. */
const HEAD_BYTES = 1 << 12;

/**
 * Tells files of weights and pages by their first bytes: the reader of archives would only miss an end.
 *
 * @throws UnsupportedError for a known format that is no archive.
 */
export function* refuseOtherFiles({ size }: UnopenedFile): Reading<void> {
  const head = yield* readRange(0, Math.min(HEAD_BYTES, size));
  if (isArchive(head) || !isKnownFormat(head)) return;
  const got = `a file of ${detectFormat(head)}`;
  const remedy = `readStateDict reads weights of that format; ${SAVE}`;
  throw new UnsupportedError(message(WHERE, 'file', `an archive with ${MODEL}`, got, remedy));
}
