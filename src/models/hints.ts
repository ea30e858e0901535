/** What a reader of the error could do: arguments that would fit the file, and paths that would fit the layers. */

import { type Faults, prefixHint } from '../state-dict/faults.js';
import { joinPath, modulesWith, type Selection } from '../state-dict/keys.js';
import { type Leaf, namesOf } from './leaves.js';

/** A missing bias asks for `useBias: false`, a superfluous one for `useBias: true`. */
export function hintAtArguments(faults: Faults, leaves: readonly Leaf[], selection: Selection): void {
  const missing = new Set(faults.missing);
  const unexpected = new Set(faults.unexpected);
  if (missing.size + unexpected.size === 0) return;
  for (const leaf of leaves) {
    if (isAbsent(leaf, selection)) continue;
    const { layer, kind, modulePath } = leaf;
    const start = modulePath === '' ? '' : `${modulePath}.`;
    const lacking = namesOf(leaf).filter((name) => missing.has(joinPath(selection.path, name)));
    const excess = [...selection.keys]
      .filter(([name, key]) => name.startsWith(start) && unexpected.has(key))
      .map(([name]) => name);
    const argumentsFor = (names: readonly string[], present: boolean) =>
      names.map((name) => kind.argumentFor?.(name.slice(start.length), present));
    for (const argument of [...argumentsFor(lacking, false), ...argumentsFor(excess, true)])
      if (argument) faults.hint(`Pass ${argument} to layer "${layer.name}" if the module was made so.`);
  }
}

/** Where nothing of a layer, or of all layers, was found: modules that have all it needs. */
export function hintAtPaths(
  faults: Faults,
  leaves: readonly Leaf[],
  allKeys: readonly string[],
  selection: Selection,
): void {
  const absent = leaves.filter((leaf) => isAbsent(leaf, selection));
  if (faults.missing.length === 0 || absent.length === 0) return;
  const prefixes = absent.length === leaves.length ? modulesWith(allKeys, leaves.flatMap(namesOf)) : [];
  if (prefixes.length > 0) {
    faults.hint(prefixHint(prefixes));
    return;
  }
  const taken = new Set(leaves.map(({ modulePath }) => modulePath));
  for (const { layer, kind, layerPath, modulePath } of absent) {
    const keys = kind.parameters(layer, null).map(({ key }) => key);
    const free = modulesWith(selection.keys.keys(), keys).filter((path) => !taken.has(path));
    if (free.length === 0) continue;
    const choices = free.map((path) => `"${path}"`).join(', ');
    faults.hint(
      `Layers match modules by name, and there is no module "${modulePath}"; ${choices} would fit. ` +
        `Name the layer so, or pass map: { "${layerPath}": "${free[0]}" }.`,
    );
  }
}

function isAbsent(leaf: Leaf, selection: Selection): boolean {
  return !namesOf(leaf).some((name) => selection.keys.has(name));
}
