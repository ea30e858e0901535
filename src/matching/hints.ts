/** What a reader of the error could do: arguments that would fit the file, and paths that would fit the layers. */

import { type Leaf, namesOf } from '../models/leaves.js';
import { embedding } from '../models/modules/embedding.js';
import type { Parameter } from '../models/modules/index.js';
import { fits, knownParameters } from '../models/shapes.js';
import { joinPath } from '../state-dict/keys.js';
import { hasSameValues } from '../state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { type Faults, prefixHint } from './faults.js';
import { modulesWith, type Selection } from './select-keys.js';

/** What the hints are read off. */
export interface HintSource {
  readonly where: string;
  readonly faults: Faults;
  readonly leaves: readonly Leaf[];
  readonly stateDict: StateDict;
  readonly selection: Selection;
}

/** A file may hold any number of modules: a map is looked for among so many layers and modules, and so many are told. */
const MAP_LIMITS = { layers: 100, modules: 5000, entries: 24 };

/** Of the keys too many, so many are compared with the embeddings that are loaded. */
const MAX_TIES = 8;

/** A missing bias asks for `useBias: false`, a superfluous one for `useBias: true`. */
export function hintAtArguments({ faults, leaves, selection }: HintSource): void {
  const missing = new Set(faults.missing);
  if (missing.size + faults.unexpected.length === 0) return;
  const excess = namesByModule(faults, selection);
  for (const leaf of leaves) {
    if (isAbsent(leaf, selection)) continue;
    const { layer, kind, modulePath } = leaf;
    const lacking = kind
      .parameters(layer, null)
      .map(({ key }) => key)
      .filter((key) => missing.has(joinPath(selection.path, joinPath(modulePath, key))));
    const superfluous = excess.get(modulePath) ?? [];
    const needed = [
      ...(kind.argumentsFor?.(lacking, false) ?? []),
      ...(kind.argumentsFor?.(superfluous, true) ?? []),
    ];
    const explained = superfluous.map((key) => joinPath(selection.path, joinPath(modulePath, key)));
    for (const argument of needed)
      faults.hint(`Pass ${argument} to layer "${layer.name}" if the module was made so.`, explained);
  }
}

/** A size that all shapes of a module follow: told once, beside the many shapes that differ by it. */
export function hintAtSizes({ faults, leaves, stateDict, selection }: HintSource): void {
  const mismatched = new Set(faults.mismatched.map(({ key }) => key));
  for (const leaf of leaves) {
    const { layer, kind, layerPath, modulePath } = leaf;
    const keys = keysOf(leaf, selection).filter((key) => mismatched.has(key));
    if (keys.length === 0) continue;
    const path = joinPath(selection.path, modulePath);
    const found = kind.sizes?.(layer, (key) => shapeAt(stateDict, joinPath(path, key))) ?? {};
    const config = layer.getConfig();
    const wrong = Object.entries(found).filter(([name, size]) => config[name] !== size);
    if (wrong.length === 0) continue;
    const module = path === '' ? 'The file' : `The file's "${path}"`;
    const sizes = wrong.map(([name, size]) => `${name} ${size}`).join(' and ');
    const own = wrong.map(([name]) => String(config[name])).join(' and ');
    faults.hint(`${module} has ${sizes}, layer "${layerPath}" ${own}.`, keys);
  }
}

/** Where nothing of a layer, or of all layers, was found: modules that have all it needs, in its shapes. */
export function hintAtPaths(source: HintSource): void {
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

/** Names of unexpected parameters by the path of their module. */
function namesByModule(faults: Faults, selection: Selection): Map<string, string[]> {
  const unexpected = new Set(faults.unexpected);
  const byModule = new Map<string, string[]>();
  for (const [name, key] of selection.keys) {
    if (!unexpected.has(key)) continue;
    const path = moduleOf(name);
    const names = byModule.get(path) ?? [];
    names.push(path === '' ? name : name.slice(path.length + 1));
    byModule.set(path, names);
  }
  return byModule;
}

/** `prefix` options below which all layers would find what they need; of the right ranks, if no shapes fit. */
function fittingPrefixes({ where, leaves, stateDict }: HintSource): string[] {
  const parameters = leaves.flatMap(({ layer, kind, modulePath }) =>
    knownParameters(where, layer, kind).map(
      (parameter) => [joinPath(modulePath, parameter.key), parameter] as const,
    ),
  );
  const paths = modulesWith(
    stateDict.keys(),
    parameters.map(([name]) => name),
  );
  const filter = (agrees: typeof fits) =>
    paths.filter((path) =>
      parameters.every(([name, parameter]) => {
        const found = shapeAt(stateDict, joinPath(path, name));
        return found !== undefined && agrees(parameter, found);
      }),
    );
  const fitting = filter(fits);
  return fitting.length > 0 ? fitting : filter(hasRank);
}

/** One map for all absent layers, each given the first module that fits it and that no other layer has. */
function hintAtMap({ where, faults, leaves, stateDict, selection }: HintSource, absent: readonly Leaf[]) {
  const claimed = new Set(leaves.map(({ modulePath }) => modulePath));
  const paths = new Set([...selection.keys.keys()].map(moduleOf));
  const free = [...paths].filter((path) => path !== '' && !claimed.has(path)).slice(0, MAP_LIMITS.modules);
  const used = new Set<string>();
  const entries: [layerPath: string, modulePath: string][] = [];
  const explained: string[] = [];
  for (const leaf of absent.slice(0, MAP_LIMITS.layers)) {
    const parameters = knownParameters(where, leaf.layer, leaf.kind);
    const holds = (path: string) =>
      parameters.every((parameter) => {
        const key = selection.keys.get(joinPath(path, parameter.key));
        const found = key === undefined ? undefined : shapeAt(stateDict, key);
        return found !== undefined && fits(parameter, found);
      });
    const path = free.find((candidate) => !used.has(candidate) && holds(candidate));
    if (path === undefined) {
      hintAtTied(faults, leaf, leaves, holds, selection);
      continue;
    }
    used.add(path);
    entries.push([leaf.layerPath, path]);
    explained.push(...keysOf(leaf, selection));
  }
  if (entries.length > 0) faults.hint(mapHint(entries), explained);
}

/** torch files drop one of two tied weights, typically an output layer's that is the embedding's. */
function hintAtTied(
  faults: Faults,
  leaf: Leaf,
  leaves: readonly Leaf[],
  holds: (path: string) => boolean,
  selection: Selection,
): void {
  const other = leaves.find(({ kind, modulePath }) => kind !== leaf.kind && holds(modulePath));
  if (other === undefined) return;
  faults.hint(
    `"${other.modulePath}" has the shapes of the missing "${leaf.modulePath}": ` +
      `if the module ties them, pass map: { "${leaf.layerPath}": "${other.modulePath}" }.`,
    keysOf(leaf, selection),
  );
}

/** An output layer that has no layer here, with the values of the embedding: torch has the weight under two names. */
export function hintAtTies(
  { faults, stateDict, selection }: HintSource,
  slots: readonly { readonly leaf: Leaf; readonly key: string; readonly tensor: TorchTensor }[],
): void {
  const embeddings = slots.filter(({ leaf }) => leaf.kind === embedding);
  for (const key of faults.unexpected.filter(isWeight).slice(0, MAX_TIES)) {
    const twin = embeddings.find(({ tensor }) => isSame(tensor, stateDict.get(key)));
    if (twin === undefined) continue;
    const { layerPath, modulePath } = twin.leaf;
    const other = moduleOf(selection.path === '' ? key : key.slice(selection.path.length + 1));
    faults.hint(
      `"${key}" has the values of "${twin.key}": if the module ties them, ` +
        `pass map: { "${layerPath}": ["${modulePath}", "${other}"] }.`,
      [key],
    );
  }
}

const isWeight = (key: string) => key.endsWith('.weight');

function isSame(loaded: TorchTensor, other: unknown): boolean {
  const { dtype, shape, data } = (other ?? {}) as Partial<TorchTensor>;
  const isTensor = dtype === loaded.dtype && Array.isArray(shape) && ArrayBuffer.isView(data);
  return isTensor && hasSameValues(loaded, other as TorchTensor);
}

function mapHint(entries: readonly (readonly [layerPath: string, modulePath: string])[]): string {
  const told = entries
    .slice(0, MAP_LIMITS.entries)
    .map(([layerPath, modulePath]) => `"${layerPath}": "${modulePath}"`);
  const rest = entries.length - told.length;
  const list = [...told, ...(rest > 0 ? [`... ${rest} more`] : [])].join(', ');
  return (
    'Layers match modules by name, and some have another name in the file. ' +
    `By shapes and order this fits: name the layers so, or pass map: { ${list} }.`
  );
}

function isAbsent(leaf: Leaf, selection: Selection): boolean {
  return !namesOf(leaf).some((name) => selection.keys.has(name));
}

/** The keys a leaf needs, as the file would spell them. */
function keysOf(leaf: Leaf, selection: Selection): string[] {
  return namesOf(leaf).map((name) => joinPath(selection.path, name));
}

/** A key without its last part. */
function moduleOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('.')));
}

/** Undefined too where the entry is no tensor: that is told elsewhere. */
function shapeAt(stateDict: StateDict, key: string): readonly number[] | undefined {
  const shape: unknown = stateDict.get(key)?.shape;
  return Array.isArray(shape) ? shape : undefined;
}

function hasRank({ layout, shape }: Parameter, found: readonly number[]): boolean {
  return found.length === layout.torchShape(shape).length;
}
