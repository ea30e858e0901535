import { type Reading, readRange } from '../reading/reading.js';
import type { Checkpoint, InputFile, OpenCheckpoint } from './checkpoint.js';
import { detectFormat, type StateDictFormat } from './detect.js';
import { openJson } from './json/json.js';
import { openNpy } from './numpy/npy.js';
import { openNpz } from './numpy/npz.js';
import { openSafetensors } from './safetensors/safetensors.js';
import { openTorch } from './torch/open.js';

/** Enough for the signature of every format. */
const HEAD_BYTES = 1 << 12;

/** The reader of each format. A new format is a line here, and its detection in `detectFormat`. */
const READERS: Readonly<Record<StateDictFormat, OpenCheckpoint>> = {
  safetensors: openSafetensors,
  torch: openTorch,
  npz: openNpz,
  npy: openNpy,
  json: openJson,
};

/** The values of the option `format`. */
export const FORMATS = Object.keys(READERS) as StateDictFormat[];

/**
 * Opens a file by the reader of its format.
 *
 * @param source  the name of the file in messages about the format.
 * @param format  detected by the first bytes where it is not given.
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
