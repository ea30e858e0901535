/** What a reader of the error could do: arguments that would fit the file, and paths that would fit the layers. */

import { joinPath, lastPart, parentPath } from '../../state-dict/keys.js';
import { hasSameValues } from '../../state-dict/tensors/check.js';
import type { TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { Faults } from '../faults.js';
import type { Selection } from '../select-keys.js';
import type { ModuleLeaf } from '../torch-module.js';
import { hintAtForeignParameters, hintAtParametrizations } from './classes.js';
import { hintAtPaths } from './paths.js';
import { type HintSource, isAbsent, keysOf, type LoadedTensor, shapeAt } from './source.js';

/** So many of the unexpected keys are compared with the embeddings that are loaded. */
const MAX_TIES = 8;

/** The module whose weight an output layer may share. */
const EMBEDDING = 'torch.nn.Embedding';

/** Adds to the faults what would mend them. */
export function addHints(source: HintSource, loaded: readonly LoadedTensor[]): void {
  hintAtParametrizations(source);
  hintAtArguments(source);
  hintAtSizes(source);
  hintAtPaths(source);
  hintAtTies(source, loaded);
  hintAtForeignParameters(source, loaded);
}

/** Layers of one name, which look for one module: where their sizes differ, one reads as a mismatch; else both get its weights. */
export function nameNotes(leaves: readonly ModuleLeaf[]): string[] {
  const byPath = new Map<string, ModuleLeaf>();
  const notes = new Set<string>();
  for (const leaf of leaves) {
    const other = byPath.get(leaf.layerPath);
    byPath.set(leaf.layerPath, leaf);
    if (other !== undefined && other.layer !== leaf.layer)
      notes.add(
        `Two layers have the name "${leaf.layerPath}", and both look for the module of that name: name each as its own module.`,
      );
  }
  return [...notes];
}

/** A missing bias asks for `useBias: false`, an unexpected one for `useBias: true`. */
function hintAtArguments({ faults, leaves, selection }: HintSource): void {
  if (faults.missing.length + faults.unexpected.length === 0) return;
  const missing = new Set(faults.missing);
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

/** An output layer that has no layer here, with the values of the embedding: torch has the weight under two names. */
function hintAtTies({ faults, stateDict, selection }: HintSource, loaded: readonly LoadedTensor[]): void {
  const embeddings = loaded.filter(({ leaf }) => leaf.module.torchName === EMBEDDING);
  for (const key of faults.unexpected.filter((name) => name.endsWith('.weight')).slice(0, MAX_TIES)) {
    const twin = embeddings.find(({ tensor }) => isSame(tensor, stateDict.get(key)));
    if (twin === undefined) continue;
    const { layerPath, modulePath } = twin.leaf;
    const other = parentPath(selection.path === '' ? key : key.slice(selection.path.length + 1));
    const map = `map: { "${layerPath}": ["${modulePath}", "${other}"] }`;
    faults.hint(`"${key}" has the values of "${twin.key}": if the module ties them, pass ${map}.`, [key]);
  }
}

function isSame(loaded: TorchTensor, other: unknown): boolean {
  const { dtype, shape, data } = (other ?? {}) as Partial<TorchTensor>;
  const isTensor = dtype === loaded.dtype && Array.isArray(shape) && ArrayBuffer.isView(data);
  return isTensor && hasSameValues(loaded, other as TorchTensor);
}
