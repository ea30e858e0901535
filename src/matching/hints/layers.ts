/** What a reader of the error could do: arguments that would fit the file, and paths that would fit the layers. */

import { joinPath, lastPart, parentPath } from '../../state-dict/keys.js';
import type { Faults } from '../faults.js';
import type { Selection } from '../select-keys.js';
import { hintAtForeignParameters, hintAtParametrizations } from './classes.js';
import { hintAtPaths } from './paths.js';
import { type HintSource, isAbsent, keysOf, type LoadedTensor, shapeAt } from './source.js';
import { hintAtParametersBesideTies, hintAtTies } from './ties.js';

/** Adds to the faults what would mend them. */
export function addHints(source: HintSource, loaded: readonly LoadedTensor[]): void {
  hintAtParametrizations(source);
  hintAtArguments(source);
  hintAtSizes(source);
  hintAtPaths(source);
  hintAtTies(source, loaded);
  hintAtParametersBesideTies(source);
  hintAtForeignParameters(source, loaded);
}

/** A missing bias asks for `useBias: false`, an unexpected one for `useBias: true`. */
function hintAtArguments({ faults, leaves, selection }: HintSource): void {
  if (faults.missing.length + faults.unexpected.length === 0) return;
  const missing = new Set(faults.missing.filter((key) => !faults.explains(key)));
  const unexpectedNames = namesByModule(faults, selection);
  for (const leaf of leaves) {
    if (isAbsent(leaf, selection)) continue;
    const { layerPath, module, modulePath, parameters } = leaf;
    const path = joinPath(selection.path, modulePath);
    const lacking = parameters.map(({ key }) => key).filter((key) => missing.has(joinPath(path, key)));
    const unexpected = unexpectedNames.get(modulePath) ?? [];
    const needed = [
      ...(module.argumentsFor?.(lacking, false) ?? []),
      ...(module.argumentsFor?.(unexpected, true) ?? []),
    ];
    const explained = unexpected.map((key) => joinPath(path, key));
    for (const argument of needed)
      faults.hint(`Pass ${argument} to layer "${layerPath}" if the module was made so.`, explained);
  }
}

/** Names of unexpected parameters by the path of their module. */
function namesByModule(faults: Faults, selection: Selection): Map<string, string[]> {
  const unexpected = new Set(faults.unexpected);
  const byModule = new Map<string, string[]>();
  for (const [name, key] of selection.keys) {
    if (!unexpected.has(key)) continue;
    const path = parentPath(name);
    const names = byModule.get(path);
    if (names) names.push(lastPart(name));
    else byModule.set(path, [lastPart(name)]);
  }
  return byModule;
}

/** A size that all shapes of a module follow: one sentence beside the many shapes that differ by it. */
function hintAtSizes({ faults, leaves, stateDict, selection }: HintSource): void {
  const mismatched = new Set(faults.mismatched.map(({ key }) => key));
  for (const leaf of leaves) {
    const { config, sizes } = leaf.module;
    const keys = keysOf(leaf, selection).filter((key) => mismatched.has(key));
    if (keys.length === 0) continue;
    const path = joinPath(selection.path, leaf.modulePath);
    const found = sizes?.((key) => shapeAt(stateDict, joinPath(path, key))) ?? {};
    const wrong = Object.entries(found).filter(([name, size]) => config[name] !== size);
    if (wrong.length === 0) continue;
    const module = path === '' ? 'The file' : `The file's "${path}"`;
    const [theirs, ours] = [wrong.map((entry) => entry.join(' ')), wrong.map(([name]) => config[name])];
    faults.hint(
      `${module} has ${theirs.join(' and ')}, layer "${leaf.layerPath}" ${ours.join(' and ')}.`,
      keys,
    );
  }
}
