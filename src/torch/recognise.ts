/** Recognises the torch modules that own the tensors of a state_dict, by names and shapes. */

import { lastPart, parentPath } from '../state-dict/keys.js';
import { isOpaque } from '../state-dict/tensors/dtypes.js';
import type { TorchDtype } from '../state-dict/tensors/tensor.js';
import type { NamedShapes, RecognisedModule } from './modules.js';
import { recogniseNonRecurrent } from './recognise-non-recurrent.js';
import { recogniseRecurrent } from './recognise-recurrent.js';

/** A tensor without its elements. */
export interface TensorShape {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
}

/**
 * The modules that own the tensors, in the order of the file. Every tensor is in one of them: a module that
 * is not recognised has the kind `unknown`, with the reason.
 */
export function recogniseModules(tensors: ReadonlyMap<string, TensorShape>): RecognisedModule[] {
  const groups = groupByPath(tensors);
  const inputSizes = new Set<number>();
  const found = new Map<string, RecognisedModule>();
  for (const [path, group] of groups) {
    const module = unusable(path, group) ?? recogniseRecurrent(path, shapesOf(group));
    if (module === undefined) continue;
    found.set(path, module);
    if (module.kind === 'recurrent') inputSizes.add(module.args.inputSize);
  }
  return [...groups].map(
    ([path, group]) => found.get(path) ?? recogniseNonRecurrent(path, shapesOf(group), inputSizes),
  );
}

type Group = ReadonlyMap<string, TensorShape>;

/** Tensors by the path of their module, under their names inside it. */
function groupByPath(tensors: ReadonlyMap<string, TensorShape>): Map<string, Group> {
  const groups = new Map<string, Map<string, TensorShape>>();
  for (const [key, tensor] of tensors) {
    const [path, name] = [parentPath(key), lastPart(key)];
    const group = groups.get(path);
    if (group) group.set(name, tensor);
    else groups.set(path, new Map([[name, tensor]]));
  }
  return groups;
}

function shapesOf(group: Group): NamedShapes {
  return new Map([...group].map(([name, { shape }]) => [name, shape]));
}

/** What no layer can be made of, whatever the names say. */
function unusable(path: string, group: Group): RecognisedModule | undefined {
  if (path.startsWith('.') || path.endsWith('.')) {
    const doubts = ['a module path has no dot at its end'];
    return { kind: 'unknown', path, shapes: shapesOf(group), doubts };
  }
  for (const [name, { dtype, shape }] of group) {
    const reason =
      dtype === 'C64' || isOpaque(dtype)
        ? `${name} is ${dtype}, which no layer here holds`
        : shape.includes(0)
          ? `${name} is empty`
          : undefined;
    if (reason !== undefined) return { kind: 'unknown', path, shapes: shapesOf(group), doubts: [reason] };
  }
  return undefined;
}
