/** What a hand-written forward forgot: modules of the file that stand under no path. */

import { showFirst, showShape } from '../check.js';
import type { Faults } from '../matching/faults.js';
import { variableEntries } from '../matching/hints/ties.js';
import type { Selection } from '../matching/select-keys.js';
import { parentPath } from '../state-dict/keys.js';
import { isDtype } from '../state-dict/tensors/dtypes.js';
import type { StateDict, TorchTensor } from '../state-dict/tensors/tensor.js';
import { describeModule, fileKeys, type RecognisedModule } from '../torch/modules.js';
import { recogniseModules } from '../torch/recognise.js';
import type { Leaf } from './leaves.js';
import type { Match } from './match.js';

/** Adds to the faults the modules that no layer stands for, and what to do about each kind. */
export function hintAtUnnamedModules(
  { faults, selection }: Match,
  leaves: readonly Leaf[],
  stateDict: StateDict,
  strict: boolean,
): void {
  const tensors = unnamedTensors(faults, leaves, stateDict, selection);
  const modules = recogniseModules(tensors);
  const explain = (text: string, explained: readonly RecognisedModule[]) =>
    faults.hint(
      strict
        ? `${text} Only where the forward here needs none of them, strict: false leaves them out.`
        : text,
      explained.flatMap(fileKeys).map((name) => selection.keys.get(name) as string),
    );
  const known = modules.filter(({ kind }) => kind !== 'unknown');
  if (known.length > 0) {
    const list = showFirst(known, (module) => `"${module.path}" (${describeModule(module)})`);
    explain(`No path names these modules of the file: ${list}. Give each a layer.`, known);
  }
  const others = modules.filter(({ kind }) => kind === 'unknown');
  if (others.length > 0) {
    const entries = others
      .flatMap(fileKeys)
      .map((name) => [name, (tensors.get(name) as TorchTensor).shape] as const);
    explain(
      `No path names these parameters, and no layer is known for their modules: ` +
        `${showFirst(entries, ([name, shape]) => `"${name}" ${showShape(shape)}`)}. ` +
        `Give each a variable, ${variableEntries('...layers', entries.slice(0, 1))}.`,
      others,
    );
  }
}

/** The unexpected tensors of modules that no layer stands for, by their names below the selected path. */
function unnamedTensors(
  faults: Faults,
  leaves: readonly Leaf[],
  stateDict: StateDict,
  selection: Selection,
): StateDict {
  const named = new Set(leaves.map(({ modulePath }) => modulePath));
  const unexpected = new Set(faults.unexpected);
  const tensors: StateDict = new Map();
  for (const [name, key] of selection.keys) {
    const tensor = stateDict.get(key);
    const isOpen = unexpected.has(key) && !faults.explains(key) && !named.has(parentPath(name));
    if (isOpen && isTensor(tensor)) tensors.set(name, tensor);
  }
  return tensors;
}

/** An entry that is no tensor is a fault of its own. */
function isTensor(value: Partial<TorchTensor> | undefined): value is TorchTensor {
  return isDtype(value?.dtype) && Array.isArray(value.shape);
}
