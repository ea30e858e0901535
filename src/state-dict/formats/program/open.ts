import type { Reading } from '../../reading/reading.js';
import type { Checkpoint, InputFile } from '../checkpoint.js';
import { warningsOf } from '../torch/records.js';
import { openZip, type ZipArchive } from '../zip/archive.js';
import { programRecords } from './records.js';
import { readTensors, WEIGHTS } from './tensors.js';

/**
 * Opens the weights of a program that `torch.export.save` wrote: `.pt2`. Parameters and persistent buffers have the names of
 * `model.state_dict()`; the graph is left alone.
 *
 * @throws UnsupportedError for another archive, and for the layout of torch before 2.7.
 * @throws FormatError when the file breaks a rule of its layout; the message says which.
 */
export function* openProgram(file: InputFile): Reading<Checkpoint> {
  return yield* openProgramArchive(file, yield* openZip(file));
}

/** {@link openProgram} of an archive whose directory has been read. */
export function* openProgramArchive(file: InputFile, archive: ZipArchive): Reading<Checkpoint> {
  const records = programRecords(archive);
  const root = yield* readTensors(file, records, [WEIGHTS]);
  return { format: 'program', root, unknownGlobals: [], warnings: warningsOf(records) };
}
