/** What a reader of the error could do: arguments that would fit the file, and paths that would fit the layers. */

import { joinPath, lastPart, parentPath } from '../state-dict/keys.js';
import { hasSameValues } from '../state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { type Faults, prefixHint } from './faults.js';
import { modulesWith, type Selection } from './select-keys.js';
import { fits, type ModuleLeaf, namesOf, type Parameter, type ShapeOf } from './torch-module.js';

/** What the hints are read off. */
interface HintSource {
  readonly faults: Faults;
  readonly leaves: readonly ModuleLeaf[];
  readonly stateDict: StateDict;
  readonly selection: Selection;
}

interface LoadedTensor {
  readonly leaf: ModuleLeaf;
  readonly key: string;
  readonly tensor: TorchTensor;
}

/** A file may hold any number of modules: a map is looked for among so many layers and modules, and shows so many. */
const MAP_LIMITS = { layers: 100, modules: 5000, entries: 24 };

/** So many of the unexpected keys are compared with the embeddings that are loaded. */
const MAX_TIES = 8;

/** The module whose weight an output layer may share. */
const EMBEDDING = 'torch.nn.Embedding';

/** Adds to the faults what would mend them. */
export function addHints(source: HintSource, loaded: readonly LoadedTensor[]): void {
  hintAtArguments(source);
  hintAtSizes(source);
  hintAtPaths(source);
  hintAtTies(source, loaded);
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

/** Where nothing of a layer, or of all layers, was found: modules that have all it needs, in its shapes. */
function hintAtPaths(source: HintSource): void {
  const { faults, leaves, selection } = source;
  const missing = new Set(faults.missing);
  const absent = leaves.filter(
    (leaf) => isAbsent(leaf, selection) && keysOf(leaf, selection).some((key) => missing.has(key)),
  );
  if (absent.length === 0) return;
  const prefixes = absent.length === leaves.length ? fittingPrefixes(source) : [];
  if (prefixes.length > 0) faults.hint(prefixHint(prefixes), faults.missing);
  else hintAtMap(source, absent);
}

type NamedParameter = readonly [name: string, parameter: Parameter];

/** Whether the file has every parameter, in a shape that `agrees`. */
function haveAll(parameters: readonly NamedParameter[], shapeOf: ShapeOf, agrees = fits): boolean {
  return parameters.every(([name, parameter]) => {
    const found = shapeOf(name);
    return found !== undefined && agrees(parameter, found);
  });
}

/** `prefix` options below which all layers would find what they need; of the right ranks, if no shapes fit. */
function fittingPrefixes({ leaves, stateDict }: HintSource): string[] {
  const parameters = leaves.flatMap((leaf) => {
    const names = namesOf(leaf);
    return leaf.parameters.map((parameter, i): NamedParameter => [names[i], parameter]);
  });
  const paths = modulesWith(
    stateDict.keys(),
    parameters.map(([name]) => name),
  );
  const filter = (agrees: typeof fits) =>
    paths.filter((path) => haveAll(parameters, (name) => shapeAt(stateDict, joinPath(path, name)), agrees));
  const fitting = filter(fits);
  return fitting.length > 0 ? fitting : filter(hasRank);
}

/** One map for all absent layers, each given the first module that fits it and that no other layer has. */
function hintAtMap({ faults, leaves, stateDict, selection }: HintSource, absent: readonly ModuleLeaf[]) {
  const claimed = new Set(leaves.map(({ modulePath }) => modulePath));
  const paths = new Set([...selection.keys.keys()].map(parentPath));
  const free = [...paths].filter((path) => path !== '' && !claimed.has(path)).slice(0, MAP_LIMITS.modules);
  const used = new Set<string>();
  const entries: [layerPath: string, modulePath: string][] = [];
  const explained: string[] = [];
  let isGuess = false;
  for (const leaf of absent.slice(0, MAP_LIMITS.layers)) {
    const parameters = leaf.parameters.map((parameter): NamedParameter => [parameter.key, parameter]);
    const holds = (path: string) =>
      haveAll(parameters, (name) => {
        const key = selection.keys.get(joinPath(path, name));
        return key === undefined ? undefined : shapeAt(stateDict, key);
      });
    const path = free.find((candidate) => !used.has(candidate) && holds(candidate));
    if (path !== undefined) {
      isGuess ||= free.some((other) => other !== path && holds(other));
      used.add(path);
      entries.push([leaf.layerPath, path]);
      explained.push(...keysOf(leaf, selection));
      continue;
    }
    // torch files drop one of two tied weights, typically an output layer's that is the embedding's.
    const { torchName } = leaf.module;
    const tied = leaves.find((other) => other.module.torchName !== torchName && holds(other.modulePath));
    if (tied === undefined) continue;
    const map = `map: { "${leaf.layerPath}": "${tied.modulePath}" }`;
    const text = `"${tied.modulePath}" has the shapes of the missing "${leaf.modulePath}"`;
    faults.hint(`${text}: if the module ties them, pass ${map}.`, keysOf(leaf, selection));
  }
  if (entries.length > 0) faults.hint(mapHint(entries, isGuess), explained);
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

/** @param isGuess  whether other modules fit as well, such as an encoder and a decoder of the same sizes. */
function mapHint(
  entries: readonly (readonly [layerPath: string, modulePath: string])[],
  isGuess: boolean,
): string {
  const shown = entries
    .slice(0, MAP_LIMITS.entries)
    .map(([layerPath, modulePath]) => `"${layerPath}": "${modulePath}"`);
  const rest = entries.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`... ${rest} more`] : [])].join(', ');
  return (
    'Layers match modules by name, and some have another name in the file. ' +
    `By shapes and order this fits: name the layers so, or pass map: { ${list} }.` +
    (isGuess ? ' Several modules have the same shapes: check that each layer gets its own.' : '')
  );
}

function isAbsent(leaf: ModuleLeaf, selection: Selection): boolean {
  return !namesOf(leaf).some((name) => selection.keys.has(name));
}

/** The keys a leaf needs, as the file would spell them. */
function keysOf(leaf: ModuleLeaf, selection: Selection): string[] {
  return namesOf(leaf).map((name) => joinPath(selection.path, name));
}

/** Undefined too where the entry is not a tensor, which is a fault of its own. */
function shapeAt(stateDict: StateDict, key: string): readonly number[] | undefined {
  const shape: unknown = stateDict.get(key)?.shape;
  return Array.isArray(shape) ? shape : undefined;
}

function hasRank({ layout, shape }: Parameter, found: readonly number[]): boolean {
  return found.length === layout.torchShape(shape).length;
}
