/** What a load would do: which tensor goes to which weight, and everything that stands against it. */

import type { Shape } from '@tensorflow/tfjs-layers';
import { message, show, showFirst } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { Faults } from '../matching/faults.js';
import { addHints } from '../matching/hints/layers.js';
import type { HintSource } from '../matching/hints/source.js';
import type { Derivation } from '../matching/reparametrised/derive.js';
import { withDerived } from '../matching/reparametrised/with-derived.js';
import { type Selection, type SelectOptions, selectKeys } from '../matching/select-keys.js';
import { settingWarnings } from '../matching/settings.js';
import { fits, isKnown, namesOf, type Parameter, type ShapeOf } from '../matching/torch-module.js';
import { joinPath } from '../state-dict/keys.js';
import { factsOf } from '../state-dict/module-facts.js';
import { checkTensor } from '../state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { type Settings, settingsOf } from '../torch/told/settings.js';
import { type Leaf, type Slot, unbuiltLayer } from './leaves.js';
import type { Layer } from './modules/registry.js';
import { noteSharedWeights } from './ties.js';

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

const NOT_TOLD: Settings = new Map();

/** Finds each parameter of each leaf in the state_dict, and compares shapes. */
export function matchParameters(
  where: string,
  leaves: readonly Leaf[],
  file: StateDict,
  { start, ...options }: SelectOptions & Pick<HintSource, 'start'>,
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
  const facts = factsOf(file);
  for (const leaf of leaves) {
    const own = facts.get(joinPath(selection.path, leaf.modulePath));
    matchLeaf(match, leaf, (name) => find(leaf, name), own ? settingsOf(own) : NOT_TOLD);
  }
  noteSharedWeights(match, leaves);
  for (const key of [...selection.keys.values(), ...selection.outside])
    if (!used.has(key) && file.has(key)) match.faults.unexpected.push(key);
  const loaded = new Set(match.slots.map(({ key }) => key));
  match.derived.push(...[...derived.values()].filter(({ key }) => loaded.has(key)));
  noteAmbiguity(match);
  addHints({ faults: match.faults, leaves, stateDict, selection, undetermined, start }, match.slots);
  return match;
}

/** A file may hold an averaged model beside the model: the note says which was taken, since the file does not tell which is meant. */
function noteAmbiguity({ faults, warnings, selection: { path, equallyGood, outside } }: Match): void {
  if (equallyGood.length === 0) return;
  const others = showFirst(equallyGood, show, 3);
  const choices = [path, ...equallyGood].slice(0, 3).map((choice) => `prefix: ${show(choice)}`);
  const note =
    `Keys were taken below ${show(path)}, and as many fit below ${others}. The file does not tell which is meant: ` +
    `pass ${choices.join(' or ')}.`;
  faults.hint(note, outside);
  warnings.push(note);
}

type Find = (name: string) => { readonly key: string; readonly tensor: TorchTensor } | undefined;

/** @param told  settings of the module, where the file tells them. */
function matchLeaf(match: Match, leaf: Leaf, find: Find, told: Settings): void {
  const { module } = leaf;
  const unbuilt = unbuiltLayer(leaf);
  const { parameters, inputShape } = resolveShapes(leaf, (name) => find(name)?.tensor.shape);
  if (unbuilt && inputShape) match.builds.set(unbuilt, { leaf, inputShape });
  if (unbuilt && !inputShape && parameters.length > 0) match.unbuildable.push(leaf);
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
  if (!isLoaded) return;
  const isTold = (name: string) => told.has(name);
  match.warnings.push(
    ...(module.warnings?.(isTold) ?? []),
    ...settingWarnings(`layer "${leaf.layerPath}"`, module.settings ?? [], told),
  );
}

interface Resolved {
  readonly parameters: readonly Parameter[];
  /** What to build an unbuilt layer for, where that is known. */
  readonly inputShape?: Shape;
}

/** The shapes of a layer's weights: as built, as its input shape makes them, or as the file has them. */
function resolveShapes(leaf: Leaf, shapeOf: ShapeOf): Resolved {
  const { module, parameters } = leaf;
  const layer = unbuiltLayer(leaf);
  if (layer === undefined) return { parameters };
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

/** For an unbuilt layer whose input shape nothing determines. */
export function unbuildableError(where: string, leaf: Leaf): UnsupportedError {
  const { layerPath, module } = leaf;
  const rule = 'a built layer or one with inputShape';
  const remedy =
    `A file does not hold the rank of the input of ${module.torchName}: ` +
    'pass inputShape, or apply the layer once before loading';
  const got = `an unbuilt ${unbuiltLayer(leaf)?.getClassName()}`;
  return new UnsupportedError(message(where, `layer "${layerPath}"`, rule, got, remedy));
}
