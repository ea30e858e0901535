import { type Reading, readRange } from '../reading/reading.js';
import type { Checkpoint, InputFile, OpenCheckpoint } from './checkpoint.js';
import { detectFormat, type StateDictFormat } from './detect.js';
import { openJson } from './json/json.js';
import { openNpy } from './numpy/npy.js';
import { openNpz } from './numpy/npz.js';
import { openSafetensors } from './safetensors/safetensors.js';
import { openTorch } from './torch/open.js';

/** Enough for every mark that a format is told by. */
const HEAD_BYTES = 1 << 12;

/** The reader of each format. A format is one line here, and one in what `detectFormat` knows. */
const READERS: Readonly<Record<StateDictFormat, OpenCheckpoint>> = {
  safetensors: openSafetensors,
  torch: openTorch,
  npz: openNpz,
  npy: openNpy,
  json: openJson,
};

/** What the option `format` may be. */
export const FORMATS = Object.keys(READERS) as StateDictFormat[];

/**
 * What a file holds, by the reader of its format.
 *
 * @param source  how messages about the format call the file.
 * @param format  judged by the first bytes where it is not given.
 */
export function* openCheckpoint(
  where: string,
  source: string,
  file: InputFile,
  format?: StateDictFormat,
): Reading<Checkpoint> {
  if (format !== undefined) return yield* READERS[format](file);
  const head = yield* readRange(0, Math.min(HEAD_BYTES, file.size));
  return yield* READERS[detectFormat(where, source, head)](file);
}
