/** Paths of modules that would fit the layers for which nothing was found. */

import { show, showFirst } from '../../check.js';
import { joinPath, parentPath } from '../../state-dict/keys.js';
import { isOtherKind, prefixHint } from '../faults.js';
import { modulesWith } from '../select-keys.js';
import { fits, type ModuleLeaf, namesOf, type Parameter, type ShapeOf } from '../torch-module.js';
import { assign } from './assign.js';
import { byNearness, naturalOrder } from './natural-order.js';
import { type HintSource, isAbsent, keysOf, shapeAt } from './source.js';

/** A file may hold any number of modules: a map is looked for among so many layers and modules, and shows so many. */
const MAP_LIMITS = { layers: 100, modules: 5000, entries: 24, candidates: 6 };

/** Where nothing of a layer, or of all layers, was found: modules that have all it needs, in its shapes. */
export function hintAtPaths(source: HintSource): void {
  const { faults, leaves, selection } = source;
  const missing = new Set(faults.missing);
  const absent = leaves.filter(
    (leaf) =>
      isAbsent(leaf, selection) &&
      keysOf(leaf, selection).some((key) => missing.has(key)) &&
      // The path is right, and the class is not: another module would be the wrong one.
      !isOtherKind(namesOf(leaf), (name) => selection.keys.has(name)),
  );
  if (absent.length === 0) return;
  const prefixes = absent.length === leaves.length ? fittingPrefixes(source) : [];
  if (prefixes.length === 0) {
    hintAtMap(source, absent);
    return;
  }
  faults.hint(prefixHint(prefixes, selection.strippedPrefix !== ''), [
    ...faults.missing,
    ...faults.unexpected,
  ]);
  if (selection.path !== '') faults.belongsElsewhere(prefixes);
}

type NamedParameter = readonly [name: string, parameter: Parameter];

/** Whether the file has every parameter, in a shape that `agrees`. */
function haveAll(parameters: readonly NamedParameter[], shapeOf: ShapeOf, agrees = fits): boolean {
  return parameters.every(([name, parameter]) => {
    const found = shapeOf(name);
    return found !== undefined && agrees(parameter, found);
  });
}

/** `prefix` options, '' for none, below which all layers would find what they need, the nearest first; of the right ranks, if no shapes fit. */
function fittingPrefixes({ leaves, stateDict, selection }: HintSource): string[] {
  const parameters = leaves.flatMap((leaf) => {
    const names = namesOf(leaf);
    return leaf.parameters.map((parameter, i): NamedParameter => [names[i], parameter]);
  });
  const names = parameters.map(([name]) => name);
  const root = selection.path === '' ? [] : [''];
  const paths = [...root, ...modulesWith(stateDict.keys(), names)];
  const filter = (agrees: typeof fits) =>
    paths.filter((path) => haveAll(parameters, (name) => shapeAt(stateDict, joinPath(path, name)), agrees));
  const fitting = filter(fits);
  return byNearness(fitting.length > 0 ? fitting : filter(hasRank), selection.path);
}

/** A map for the absent layers that one module fits; for the others what fits, since the file does not tell the order. */
function hintAtMap(source: HintSource, absent: readonly ModuleLeaf[]): void {
  const { faults, leaves, selection } = source;
  const claimed = new Set(leaves.map(({ modulePath }) => modulePath));
  const paths = new Set([...selection.keys.keys()].map(parentPath));
  const free = [...paths].filter((path) => path !== '' && !claimed.has(path)).slice(0, MAP_LIMITS.modules);
  const candidates = new Map<ModuleLeaf, string[]>();
  for (const leaf of absent.slice(0, MAP_LIMITS.layers)) {
    const fitting = free.filter((path) => holds(source, leaf, path));
    if (fitting.length > 0) candidates.set(leaf, fitting.sort(naturalOrder));
    else hintAtTiedLayer(source, leaf);
  }
  const { certain, open } = assign(candidates);
  const keys = (leaf: ModuleLeaf) => keysOf(leaf, selection);
  if (certain.size > 0) faults.hint(mapHint(certain), [...certain.keys()].flatMap(keys));
  for (const { layers, modules } of alike(open))
    faults.hint(choiceHint(layers, modules), layers.flatMap(keys));
}

/** Whether the module at a path below `prefix` has all that the layer needs, in its shapes. */
function holds({ selection, stateDict }: HintSource, { parameters }: ModuleLeaf, path: string): boolean {
  const named = parameters.map((parameter): NamedParameter => [parameter.key, parameter]);
  return haveAll(named, (name) => {
    const key = selection.keys.get(joinPath(path, name));
    return key === undefined ? undefined : shapeAt(stateDict, key);
  });
}

/** Files drop one of two tied weights, typically an output layer's that is the embedding's. */
function hintAtTiedLayer(source: HintSource, leaf: ModuleLeaf): void {
  const { faults, leaves, selection } = source;
  const { layerPath, modulePath, module } = leaf;
  const tied = leaves.filter(
    (other) => other.module.torchName !== module.torchName && holds(source, leaf, other.modulePath),
  );
  const [first] = tied;
  if (first === undefined) return;
  const start =
    tied.length === 1
      ? `${show(first.modulePath)} has the shapes of the missing ${show(modulePath)}: if the module ties them`
      : `${showFirst(tied, (other) => show(other.modulePath), MAP_LIMITS.candidates)} have the shapes of the missing ` +
        `${show(modulePath)}, and the file does not tell with which the module ties it: if with the first`;
  const keys = keysOf(leaf, selection);
  const [from] = keysOf(first, selection);
  faults.hint(
    `${start}, leave layer ${show(layerPath)} out, and compute with the weight of ${show(first.layerPath)}; where nothing is ` +
      `trained, stateDict.set(${show(keys[0])}, stateDict.get(${show(from)})) does as well.`,
    keys,
  );
}

function mapHint(certain: ReadonlyMap<ModuleLeaf, string>): string {
  const entries = [...certain].map(([{ layerPath }, path]) => `"${layerPath}": "${path}"`);
  const shown = entries.slice(0, MAP_LIMITS.entries);
  const rest = entries.length - shown.length;
  const list = [...shown, ...(rest > 0 ? [`... ${rest} more`] : [])].join(', ');
  return (
    'Layers match modules by name, and some have another name in the file. ' +
    `By shapes this alone fits: name the layers so, or pass map: { ${list} }.`
  );
}

interface Choice {
  readonly layers: ModuleLeaf[];
  readonly modules: readonly string[];
}

/** The layers that the same modules fit. */
function alike(open: ReadonlyMap<ModuleLeaf, readonly string[]>): Choice[] {
  const choices = new Map<string, Choice>();
  for (const [leaf, modules] of open) {
    const name = modules.join('\n');
    const choice = choices.get(name);
    if (choice) choice.layers.push(leaf);
    else choices.set(name, { layers: [leaf], modules });
  }
  return [...choices.values()];
}

/** For layers and modules of the same shapes, such as an encoder and a decoder. */
function choiceHint(layers: readonly ModuleLeaf[], modules: readonly string[]): string {
  const [first] = layers;
  const names = showFirst(layers, ({ layerPath }) => `"${layerPath}"`, MAP_LIMITS.candidates);
  const paths = showFirst(modules, (path) => `"${path}"`, MAP_LIMITS.candidates);
  return (
    `No module has the name of ${layers.length === 1 ? 'layer' : 'layers'} ${names}. By shapes ${paths} ` +
    `${modules.length === 1 ? 'fits' : 'fit'}, and the file does not tell which belongs to which layer: take it from the ` +
    `PyTorch model, and pass map: { "${first?.layerPath}": ... } with the path of each.`
  );
}

function hasRank({ layout, shape }: Parameter, found: readonly number[]): boolean {
  return found.length === layout.torchShape(shape).length;
}
