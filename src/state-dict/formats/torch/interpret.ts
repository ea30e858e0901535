import type { Checkpoint } from '../checkpoint.js';
import type { Unpickled } from '../pickle/unpickle.js';
import { isKnownGlobal, nameOfGlobal } from './globals.js';
import type { Storages } from './storages.js';
import { buildTree } from './tree.js';

/**
 * What a file of torch's holds, by its pickle and the storages that the pickle refers to.
 *
 * @param warnings  of the reader of its layout.
 */
export function interpret(
  { root, globals }: Unpickled,
  storages: Storages,
  warnings: readonly string[] = [],
): Checkpoint {
  const unknown = globals
    .filter((global) => !isKnownGlobal(global))
    .map((global) => nameOfGlobal(global) ?? '');
  return {
    format: 'torch',
    root: buildTree(root, storages),
    unknownGlobals: [...new Set(unknown)],
    warnings,
  };
}
