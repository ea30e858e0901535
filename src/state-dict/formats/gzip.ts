import { within } from '../reading/drive.js';
import { inflate, type Reading, readRange } from '../reading/reading.js';
import type { InputFile } from './checkpoint.js';
import { isGzip } from './detect.js';

/** Bytes that detect gzip. */
const MARK_BYTES = 9;

/** Runs a reading on a file, or on the content of a gzip file, which is inflated first as a whole. */
export function* decompressed<T>(file: InputFile, read: (file: InputFile) => Reading<T>): Reading<T> {
  const head = yield* readRange(0, Math.min(MARK_BYTES, file.size));
  if (!isGzip(head)) return yield* read(file);
  const whole = yield* readRange(0, file.size);
  const { maxBytes } = file.limits;
  const bytes = yield* inflate({ wrapper: 'gzip', bytes: whole, maxBytes, what: 'file' });
  return yield* within(bytes, read({ ...file, size: bytes.length }));
}
