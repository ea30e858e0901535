/** From the first bytes of a file to the reader of its format. */

import { within } from '../reading/drive.js';
import { inflate, type ReaderName, type Reading, readRange } from '../reading/reading.js';
import { expandedBytes } from '../rules/limits.js';
import type { Checkpoint, InputFile, OpenCheckpoint, UnopenedFile } from './checkpoint.js';
import { detectFormat, isArchive, isGzip, isKnownFormat, type StateDictFormat } from './detect.js';
import type { Readers } from './readers.js';
import { openSafetensors } from './safetensors/safetensors.js';

/** Enough for the signature of every format. */
const HEAD_BYTES = 1 << 12;

/** The reader of each format. A new format is a line here, and its detection in `detectFormat`. */
const READERS: Readonly<Record<StateDictFormat, OpenCheckpoint>> = {
  safetensors: openSafetensors,
  *torch(file) {
    return yield* (yield* reader('python')).openTorch(file);
  },
  *program(file) {
    return yield* (yield* reader('python')).openProgram(file);
  },
  *pickle(file) {
    return yield* (yield* reader('python')).openPickle(file);
  },
  *npz(file) {
    return yield* (yield* reader('python')).openNpz(file);
  },
  *npy(file) {
    return yield* (yield* reader('python')).openNpy(file);
  },
  *json(file) {
    return yield* (yield* reader('json')).openJson(file);
  },
};

function* reader<N extends ReaderName>(name: N): Reading<Readers[N]> {
  return (yield { kind: 'load', name }) as Readers[N];
}

/** The values of the option `format`. */
export const FORMATS = Object.keys(READERS) as StateDictFormat[];

/** Reads the first bytes of a file and runs a reading on it; on the content of a gzip file, which is inflated as a whole. */
export function* withHead<T>(file: UnopenedFile, read: (file: InputFile) => Reading<T>): Reading<T> {
  const head = yield* readRange(0, Math.min(HEAD_BYTES, file.size));
  if (!isGzip(head)) return yield* read({ ...file, head });
  const whole = yield* readRange(0, file.size);
  const { limits, size } = file;
  const maxBytes = Math.min(limits.maxBytes, expandedBytes(size, limits));
  const remedy = `Raise limits.${maxBytes === limits.maxBytes ? 'maxBytes' : 'maxExpansion'} to read it`;
  const bytes = yield* inflate({ wrapper: 'gzip', bytes: whole, maxBytes, remedy, what: 'file' });
  const inflated = { size: bytes.length, received: () => size, head: bytes.subarray(0, HEAD_BYTES) };
  return yield* within(bytes, read({ ...file, ...inflated }));
}

/**
 * Opens a file by the reader of its format.
 *
 * @param format  detected where it is not given: by the first bytes, of a zip archive by its entries.
 */
export function* openCheckpoint(file: InputFile, format?: StateDictFormat): Reading<Checkpoint> {
  if (format !== undefined) return yield* READERS[format](file);
  const { head } = file;
  if (isArchive(head) || !isKnownFormat(head)) {
    const archive = yield* (yield* reader('python')).openArchive(file);
    if (archive) return archive;
  }
  return yield* READERS[detectFormat(head)](file);
}
