/** What shows that the PyTorch model has another class where a layer stands. */

import { show } from '../../check.js';
import { parentPath } from '../../state-dict/keys.js';
import { addTo } from '../add-to.js';
import type { Faults } from '../faults.js';
import { pythonRemedy } from '../reparametrised/with-derived.js';
import type { ModuleLeaf } from '../torch-module.js';
import { isToldByName } from './keys.js';
import type { HintSource, LoadedTensor } from './source.js';

/** A file chooses how many keys there are, how long and how deep. */
const LIMITS = { keys: 1000, length: 200 };

/** Keys at or below a loaded module that its class has not, such as `cell.layernorm_i.weight` beside `cell.weight_ih`. */
export function hintAtForeignParameters(
  { faults, selection }: HintSource,
  loaded: readonly LoadedTensor[],
): void {
  const byPath = new Map(loaded.map(({ leaf }) => [leaf.modulePath, leaf]));
  const foreign = new Map<ModuleLeaf, string[]>();
  const start = selection.path === '' ? '' : `${selection.path}.`;
  for (const key of faults.unexpected.slice(0, LIMITS.keys)) {
    const isToldApart = faults.explains(key) || isToldByName(key) || !key.startsWith(start);
    if (key.length > LIMITS.length || isToldApart) continue;
    const leaf = ownerOf(key.slice(start.length), byPath);
    if (leaf !== undefined) addTo(foreign, leaf, key);
  }
  for (const [leaf, keys] of foreign)
    hintAtOtherClass(faults, keys, leaf.module.torchName, `layer "${leaf.layerPath}"`);
}

/** The loaded module around a key, at any depth. */
function ownerOf(name: string, byPath: ReadonlyMap<string, ModuleLeaf>): ModuleLeaf | undefined {
  for (let path = name; path !== ''; ) {
    path = parentPath(path);
    const leaf = byPath.get(path);
    if (leaf !== undefined) return leaf;
  }
  return undefined;
}

/** @param subject  what the module is loaded into. */
export function hintAtOtherClass(
  faults: Faults,
  keys: readonly string[],
  torchName: string,
  subject: string,
): void {
  const [first] = keys;
  if (first === undefined) return;
  const more = keys.length > 1 ? ` and ${keys.length - 1} more` : '';
  faults.hint(
    `The module of ${subject} has ${show(first)}${more} as well, which ${torchName} has not: the PyTorch model has another ` +
      'class there, which may compute something else.',
    keys,
  );
}

/** Missing weights that the file has in other tensors, in a way that it does not tell. */
export function hintAtParametrizations({
  faults,
  undetermined,
}: Pick<HintSource, 'faults' | 'undetermined'>): void {
  if (undetermined.size === 0) return;
  for (const key of faults.missing) {
    const weight = undetermined.get(key);
    if (weight === undefined) continue;
    const parts = weight.from.map(show).join(', ');
    const text = `${show(key)} is computed of ${parts}, in a way that the file does not tell. ${pythonRemedy(weight)}.`;
    faults.hint(text, [key, ...weight.from]);
  }
}
