import type { Reading } from '../../reading/reading.js';
import { hasMark } from '../../tensors/bytes.js';
import type { Checkpoint, InputFile } from '../checkpoint.js';
import { isTar, refuseTar } from '../foreign/tar.js';
import { readTorchLegacy } from './legacy.js';
import { interpret } from './objects/tree.js';
import { openTorchZip } from './zip.js';

/**
 * Opens a file that `torch.save` wrote: `.pt`, `.pth`, `.bin`, `.ckpt`. It reads the pickle as data: it never looks up or calls a
 * class or function that the pickle names.
 *
 * @throws UnsupportedError for a known layout or object that is not read, with what to run in Python.
 * @throws FormatError when the file breaks a rule of its layout; the message says which.
 */
export function openTorch(file: InputFile): Reading<Checkpoint> {
  if (hasMark(file.head, 'PK')) return openTorchZip(file);
  return isTar(file.head) ? refuseTar(file.size) : openTorchLegacy(file);
}

function* openTorchLegacy(file: InputFile): Reading<Checkpoint> {
  const { object, storages } = yield* readTorchLegacy(file);
  return interpret(object, storages, file);
}
