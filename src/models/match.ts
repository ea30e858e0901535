/** What a load would do: which tensor goes to which weight, and everything that stands against it. */

import type { Shape } from '@tensorflow/tfjs-layers';
import { message } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { Faults } from '../matching/faults.js';
import { addHints, nameNotes } from '../matching/hints/layers.js';
import type { Derivation } from '../matching/reparametrised/derive.js';
import { withDerived } from '../matching/reparametrised/with-derived.js';
import { type Selection, type SelectOptions, selectKeys } from '../matching/select-keys.js';
import { fits, isKnown, namesOf, type Parameter, type ShapeOf } from '../matching/torch-module.js';
import { joinPath } from '../state-dict/keys.js';
import { checkTensor, hasSameValues } from '../state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import type { Leaf } from './leaves.js';
import type { Layer } from './modules/registry.js';

/** A tensor of the file and the weight it goes to. */
export interface Slot {
  readonly leaf: Leaf;
  readonly parameter: Parameter;
  readonly key: string;
  readonly tensor: TorchTensor;
}

/** What a load would do. Making it changes nothing. */
export interface Match {
  readonly slots: Slot[];
  readonly faults: Faults;
  /** Layers to build first, and for which input. */
  readonly builds: Map<Layer, { readonly leaf: Leaf; readonly inputShape: Shape }>;
  /** Unbuilt layers whose input shape the file does not determine. */
  readonly unbuildable: Leaf[];
  readonly ignored: string[];
  readonly warnings: string[];
  /** The keys of the file that were looked at. */
  readonly selection: Selection;
  /** Weights among the slots that the file stores as other tensors. */
  readonly derived: Derivation[];
}

/** Finds each parameter of each leaf in the state_dict, and compares shapes. */
export function matchParameters(
  where: string,
  leaves: readonly Leaf[],
  file: StateDict,
  options: SelectOptions,
): Match {
  const wanted = leaves.flatMap(namesOf);
  const { stateDict, derived, undetermined } = withDerived(where, file);
  const selection = selectKeys([...stateDict.keys()], wanted, options);
  const match: Match = {
    slots: [],
    faults: new Faults(),
    builds: new Map(),
    unbuildable: [],
    ignored: [],
    warnings: [],
    selection,
    derived: [],
  };
  const used = new Set<string>();
  const find = (leaf: Leaf, name: string) => {
    const key = selection.keys.get(joinPath(leaf.modulePath, name));
    if (key === undefined) return undefined;
    const tensor = stateDict.get(key) as TorchTensor;
    const derivation = derived.get(key);
    if (derivation === undefined) checkTensor(where, key, tensor);
    for (const name of [key, ...(derivation?.from ?? [])]) used.add(name);
    return { key, tensor };
  };
  for (const leaf of leaves) matchLeaf(match, leaf, (name) => find(leaf, name));
  noteSharedWeights(match, leaves, selection);
  for (const key of [...selection.keys.values(), ...selection.outside])
    if (!used.has(key) && file.has(key)) match.faults.unexpected.push(key);
  const loaded = new Set(match.slots.map(({ key }) => key));
  match.derived.push(...[...derived.values()].filter(({ key }) => loaded.has(key)));
  for (const note of nameNotes(leaves)) {
    match.faults.hint(note);
    match.warnings.push(note);
  }
  addHints({ faults: match.faults, leaves, stateDict, selection, undetermined }, match.slots);
  noteAmbiguity(match);
  return match;
}

/** A file may hold an averaged model beside the model, each in its own wrapper: the note says which was taken. */
function noteAmbiguity({ faults, warnings, selection: { strippedPrefix, equallyGood } }: Match): void {
  if (equallyGood.length === 0) return;
  const others = equallyGood.slice(0, 3).map((path) => `"${path}"`);
  const note = `Keys were taken below "${strippedPrefix}", and as many fit below ${others.join(', ')}: pass stripPrefix to choose.`;
  faults.hint(note);
  warnings.push(note);
}

type Find = (name: string) => { readonly key: string; readonly tensor: TorchTensor } | undefined;

function matchLeaf(match: Match, leaf: Leaf, find: Find): void {
  const { layer, module } = leaf;
  const { parameters, inputShape } = resolveShapes(leaf, (name) => find(name)?.tensor.shape);
  if (!layer.built && inputShape) match.builds.set(layer, { leaf, inputShape });
  if (!layer.built && !inputShape) match.unbuildable.push(leaf);
  for (const counter of module.counters ?? []) {
    const found = find(counter);
    if (found) match.ignored.push(found.key);
  }
  let isLoaded = false;
  for (const parameter of parameters) {
    const found = find(parameter.key);
    if (!found) continue;
    const note = module.shapeNote?.(parameter, found.tensor.shape);
    if (fits(parameter, found.tensor.shape)) {
      match.slots.push({ leaf, parameter, ...found });
      if (note) match.warnings.push(note);
      isLoaded = true;
    } else {
      const expected = parameter.layout.torchShape(parameter.shape);
      match.faults.mismatch(found.key, found.tensor.shape, expected, note);
    }
  }
  if (isLoaded) match.warnings.push(...(module.warnings?.((name) => find(name)?.tensor) ?? []));
}

interface Resolved {
  readonly parameters: readonly Parameter[];
  /** What to build an unbuilt layer for, where that is known. */
  readonly inputShape?: Shape;
}

/** The shapes of a layer's weights: as built, as its input shape makes them, or as the file has them. */
function resolveShapes({ layer, module, parameters }: Leaf, shapeOf: ShapeOf): Resolved {
  if (layer.built) return { parameters };
  if (layer.batchInputShape && isKnown(parameters)) return { parameters, inputShape: layer.batchInputShape };
  const agrees = parameters.every((parameter) => {
    const found = shapeOf(parameter.key);
    return found === undefined || fits(parameter, found);
  });
  const inputShape = agrees ? module.inputShape(shapeOf) : undefined;
  if (inputShape === undefined) return { parameters };
  const inFile = module.parameters(inputShape);
  return isKnown(inFile) ? { parameters: inFile, inputShape } : { parameters };
}

/**
 * A weight that stands under several names must have the same values under each, since torch would let the last one win;
 * it is missing only where the file has none of them, because files drop the copies of shared tensors.
 */
function noteSharedWeights({ slots, faults }: Match, leaves: readonly Leaf[], selection: Selection): void {
  const first = new Map<Layer, Map<string, Slot>>();
  for (const slot of slots) {
    const { leaf, parameter } = slot;
    const ofLayer = first.get(leaf.layer) ?? new Map<string, Slot>();
    first.set(leaf.layer, ofLayer);
    const other = ofLayer.get(parameter.key);
    if (other === undefined) ofLayer.set(parameter.key, slot);
    else if (!hasSameValues(other.tensor, slot.tensor)) faults.differing.push([other.key, slot.key]);
  }
  for (const { layer, modulePath, parameters } of leaves) {
    for (const { key } of parameters) {
      const name = joinPath(modulePath, key);
      if (!selection.keys.has(name) && !first.get(layer)?.has(key))
        faults.missing.push(joinPath(selection.path, name));
    }
  }
}

/** For an unbuilt layer whose input shape nothing determines. */
export function unbuildableError(where: string, { layer, layerPath, module }: Leaf): UnsupportedError {
  const rule = 'a built layer or one with inputShape';
  const remedy =
    `A file does not hold the rank of the input of ${module.torchName}: ` +
    'pass inputShape, or apply the layer once before loading';
  const got = `an unbuilt ${layer.getClassName()}`;
  return new UnsupportedError(message(where, `layer "${layerPath}"`, rule, got, remedy));
}
