/** What the hints of a load are read off. */

import { joinPath } from '../../state-dict/keys.js';
import type { StateDict, TorchTensor } from '../../state-dict/tensors/tensor.js';
import type { Faults } from '../faults.js';
import type { Undetermined } from '../reparametrised/derive.js';
import type { Selection } from '../select-keys.js';
import { type ModuleLeaf, namesOf } from '../torch-module.js';

export interface HintSource {
  readonly faults: Faults;
  readonly leaves: readonly ModuleLeaf[];
  /** The tensors of the file, and the weights that it stores as other tensors. */
  readonly stateDict: StateDict;
  readonly selection: Selection;
  /** Weights that the file has in other tensors, of which they cannot be computed. */
  readonly undetermined: ReadonlyMap<string, Undetermined>;
  /** What stands in an object that is loaded before further entries: `...layers`, or `"": model`. */
  readonly start: string;
}

/** A tensor that goes to a weight of a layer. */
export interface LoadedTensor {
  readonly leaf: ModuleLeaf;
  readonly key: string;
  readonly tensor: TorchTensor;
}

/** Whether the file has nothing of what the layer needs; a layer that needs nothing is not absent. */
export function isAbsent(leaf: ModuleLeaf, selection: Selection): boolean {
  const names = namesOf(leaf);
  return names.length > 0 && !names.some((name) => selection.keys.has(name));
}

/** The keys a leaf needs, as the file would spell them. */
export function keysOf(leaf: ModuleLeaf, selection: Selection): string[] {
  return namesOf(leaf).map((name) => joinPath(selection.path, name));
}

/** Undefined too where the entry is not a tensor, which is a fault of its own. */
export function shapeAt(stateDict: StateDict, key: string): readonly number[] | undefined {
  const shape: unknown = stateDict.get(key)?.shape;
  return Array.isArray(shape) ? shape : undefined;
}
