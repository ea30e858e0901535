/** The archive that `torch.export.save` writes. Layout: torch/export/pt2_archive/constants.py, version 0. */

import { message, show } from '../../../check.js';
import { UnsupportedError } from '../../../errors.js';
import type { UnopenedFile } from '../checkpoint.js';
import { nameInFolder, type Records, recordsOf } from '../torch/records.js';
import type { ZipArchive } from '../zip/archive.js';
import { Cursor } from './cursor.js';
import { readJson } from './json.js';

export const WHERE = 'program';

/** The graph. */
export const MODEL = 'models/model.json';

/** What such an archive has, whatever it packs. */
const FORMAT = 'archive_format';

/** What torch before 2.7 wrote. */
const OLD_MODEL = 'serialized_exported_program.json';

/** The weights as older versions of torch wrote them: a file of torch.save inside the archive. */
const OLD_WEIGHTS = 'data/weights/model.pt';

/** How to write a program. */
export const SAVE =
  'torch.export.save(torch_rnn_export.export(model, args), path) writes a program, with the torch_rnn_export.py that npx tfjs-torch-rnn export-script prints';

/** Whether an archive is a package of torch.export, of a program or of something else. */
export function isProgramArchive(archive: ZipArchive): boolean {
  return [...archive.keys()].some((name) => [MODEL, FORMAT].includes(nameInFolder(name)));
}

/**
 * The entries of a program by their folded names.
 *
 * @throws UnsupportedError for another archive; FormatError for entries outside of the folder, and for a name that stands twice.
 */
export function programRecords(archive: ZipArchive): Records {
  const names = [...archive.keys()].map(nameInFolder);
  if (!names.includes(MODEL)) throw notAProgram(names);
  if (names.includes(OLD_WEIGHTS)) throw oldWeights();
  return recordsOf(archive, WHERE, MODEL);
}

function notAProgram(names: readonly string[]): UnsupportedError {
  const [got, remedy] = names.includes(OLD_MODEL)
    ? ['the layout of torch before 2.7', 'Export it with torch 2.7 or newer']
    : names.includes('data.pkl')
      ? ['a file of torch.save', `readStateDict reads its weights; ${SAVE}`]
      : names.includes(FORMAT)
        ? ['a package of torch.export without it', SAVE]
        : ['another archive', SAVE];
  return new UnsupportedError(message(WHERE, 'file', `an archive with ${MODEL}`, got, remedy));
}

function oldWeights(): UnsupportedError {
  const got = `${show(OLD_WEIGHTS)} of an older version of torch`;
  const remedy = 'Save it again in torch 2.13: torch.export.save(torch.export.load(path), path)';
  return new UnsupportedError(message(WHERE, 'file', 'each weight in a file of its own', got, remedy));
}

/** JSON text of an archive. */
export function parseRecord(bytes: Uint8Array, where: string, { work }: Pick<UnopenedFile, 'work'>): Cursor {
  return new Cursor(readJson(bytes, where, work), where);
}
