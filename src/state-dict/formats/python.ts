/** Readers of what Python programs write: pickles, the archives of torch.save and torch.export, arrays of NumPy. They share zip and pickle. */

import type { Reading } from '../reading/reading.js';
import type { Checkpoint, InputFile } from './checkpoint.js';
import { isArchive } from './detect.js';
import { isNpzArchive, openNpzArchive } from './numpy/npz.js';
import { openProgramArchive } from './program/open.js';
import { isProgramArchive } from './program/records.js';
import { isTorchArchive, openTorchArchive } from './torch/zip.js';
import { openZip } from './zip/archive.js';
import { findDirectory } from './zip/end.js';

export { openNpy } from './numpy/npy.js';
export { openNpz } from './numpy/npz.js';
export { openProgram } from './program/open.js';
export { openTorch } from './torch/open.js';
export { openPickle } from './torch/pickle.js';

/**
 * Opens the zip archive that a file is, or ends with: one that unpacks itself begins as a program does. Its entries decide the
 * format. Undefined where the file neither begins like one nor has the directory of one.
 */
export function* openArchive(file: InputFile): Reading<Checkpoint | undefined> {
  if (!isArchive(file.head)) {
    try {
      yield* findDirectory(file.size);
    } catch {
      // What its first bytes are is the better message.
      return undefined;
    }
  }
  const archive = yield* openZip(file);
  const open = isTorchArchive(archive)
    ? openTorchArchive
    : isProgramArchive(archive)
      ? openProgramArchive
      : isNpzArchive(archive)
        ? openNpzArchive
        : openTorchArchive;
  return yield* open(file, archive);
}
