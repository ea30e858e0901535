/** Assigns the values of a file to the weights of a built model. */

import { cast, io, type Tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { show, showFirst, showShape } from '../../check.js';
import { invalidModel, type LayerJson, objectsIn } from '../json.js';
import { KerasGRU } from '../layer/keras-gru.js';
import { byLayer, findSlots, type Slot, slotName, slotsOf } from './slots.js';
import { WeightNames } from './weight-names.js';
import type { WeightsFile } from './weights-file.js';

/** The most names of one kind that a message lists. */
const LISTED = 6;

/**
 * @param original the model as it stands in the file: names may number its layers by class.
 * @throws FormatError naming every missing, unexpected and misshapen weight. No weight changes then.
 */
export function loadWeights(model: LayersModel, original: LayerJson, { specs, data }: WeightsFile): void {
  const isSavedHere = [...objectsIn(original)].some(({ class_name }) => class_name === KerasGRU.className);
  const slots = slotsOf(model, isSavedHere);
  const names = new WeightNames(
    original,
    slots.flatMap(({ path }) => path),
  );
  const places = match(slots, names, specs);
  tidy(() => {
    const values = io.decodeWeights(data, [...specs]);
    // Whatever can fail fails here, before the first weight changes.
    const pairs = places.flatMap(({ slot, name }) => slot.assignments(values[name] as Tensor));
    const casts = pairs.map(([weight, value]) => [weight, cast(value, weight.dtype)] as const);
    // tfjs declares `read()` as a tensor; it returns the variable itself.
    for (const [weight, value] of casts) (weight.read() as Variable).assign(value);
  });
}

interface Place {
  readonly slot: Slot;
  readonly name: string;
}

function match(slots: readonly Slot[], names: WeightNames, specs: WeightsFile['specs']): Place[] {
  const places: Place[] = [];
  const taken = new Map<Slot, string>();
  const missing: string[] = [];
  const unexpected: string[] = [];
  const misshapen: string[] = [];
  const ofLayers = byLayer(slots);
  for (const { name, shape } of specs) {
    const path = names.parse(name);
    if (path === undefined) continue;
    const found = findSlots(ofLayers, path);
    const [slot] = found;
    if (slot === undefined) {
      if (!names.isOfNoLayer(name)) unexpected.push(show(name));
    } else if (found.length > 1 || taken.has(slot)) throw ambiguous(name, found, taken.get(slot));
    else if (!shapeFits(shape, slot.shape))
      misshapen.push(`${show(name)} ${showShape(shape)} for ${showShape(slot.shape)}`);
    if (slot === undefined) continue;
    taken.set(slot, name);
    places.push({ slot, name });
  }
  for (const slot of slots)
    if (!taken.has(slot)) missing.push(`${show(slotName(slot))} ${showShape(slot.shape)}`);
  const faults = Object.entries({ missing, unexpected, 'size mismatch': misshapen });
  const lines = faults.flatMap(([kind, all]) =>
    all.length === 0 ? [] : [`${kind}: ${showFirst(all, (fault) => fault, LISTED)}`],
  );
  if (lines.length > 0) throw invalidModel('weights', 'those of the layers', lines.join('; '));
  return places;
}

function shapeFits(found: readonly number[], expected: Slot['shape']): boolean {
  return found.length === expected.length && found.every((size, i) => size === expected[i]);
}

function ambiguous(name: string, found: readonly Slot[], other: string | undefined) {
  const got = other === undefined ? `a name of ${found.length}` : `${show(other)} and ${show(name)}`;
  const remedy =
    'Layers of several models share a name, and the file does not tell them apart: rename them in Keras';
  return invalidModel(`weight ${show(name)}`, 'a name of one layer', got, remedy);
}
