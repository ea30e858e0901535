/** What is said of files that are not read, and of containers that hold a file of weights. */

import { show, showFirst } from '../../../check.js';

/** The rule that such a file breaks. */
export const READ_FILES =
  'one of tensors (safetensors, torch.save, torch.export.save, pickle.dump, NumPy, JSON)';

/** Ends of the names of files that the readers read. */
const READ = /\.(safetensors|pt|pt2|pth|bin|ckpt|pkl|npz|npy)$/i;

/** The entries of a container in a message: `of 2 entries: "config.yaml", "weights.ckpt"`. */
export function showEntries(names: readonly string[]): string {
  if (names.length === 0) return 'of no entries';
  return `of ${names.length} ${names.length === 1 ? 'entry' : 'entries'}: ${showFirst(names, show)}`;
}

/** What to do with a container: the files in it that may be read. */
export function unpackRemedy(command: string, names: readonly string[]): string {
  const found = names.filter((name) => READ.test(name));
  if (found.length === 0) return `Unpack it (${command}), and read the file with the weights`;
  const which = found.length === 1 ? '' : 'one of ';
  return `Unpack it (${command}), and read ${which}${showFirst(found, show)}`;
}
