/** The layers and variables of a target that have weights, and where torch keeps their modules. */

import type { DataType, Variable } from '@tensorflow/tfjs-core';
import { message, show, showFirst } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { findWeight } from '../layers/weights/assign.js';
import { type ModuleLeaf, namesOf, type Parameter } from '../matching/torch-module.js';
import { checkModulePath, joinPath } from '../state-dict/keys.js';
import { builtinClass } from '../state-dict/tensors/bytes.js';
import type { TorchTensor } from '../state-dict/tensors/tensor.js';
import { type Layer, moduleOf } from './modules/registry.js';
import { looseParameter } from './modules/variable.js';
import { childrenOf, type Holder, isVariable, type LoadTarget, rootsOf, unwrapped } from './target.js';

/** The path of one torch module, or those of several whose weights are tied. */
export type ModulePaths = string | readonly string[];

/**
 * Where torch keeps the module of a layer, when `layer.name` is not its name there: an object from the layer's path
 * (`name`, or `model.name` inside a nested model or one that is given by a path) to the module's path, or a function of
 * the layer's path that returns undefined for layers whose names agree. A path given for a nested model holds for all
 * layers in it; that of a variable is the whole name of its parameter.
 *
 * A list of paths is for tied weights, which torch has under several names: `{ embedding: ['embedding', 'fc'] }` where
 * `fc.weight is embedding.weight`. The file has them under each name, with the same values, and they are written so. The
 * bias of such an `fc` is a variable of the target.
 */
export type ModuleMap =
  | Readonly<Record<string, ModulePaths>>
  | ((layerPath: string) => ModulePaths | undefined);

/** A layer with weights, or a variable, and the torch module it stands for. */
export interface Leaf extends ModuleLeaf {
  readonly holder: Holder;
  /** The name scope its weights belong to: a wrapper's name, where one is around the layer. */
  readonly scope: string;
}

/** A tensor of the file and the weight it goes to. */
export interface Slot {
  readonly leaf: Leaf;
  readonly parameter: Parameter;
  readonly key: string;
  readonly tensor: TorchTensor;
}

/** The layer of a leaf that is to be built. */
export function unbuiltLayer({ holder }: Leaf): Layer | undefined {
  return isVariable(holder) || holder.built ? undefined : holder;
}

/** The variable that has a parameter of a leaf whose layer is built. */
export function variableOf({ holder, layerPath }: Leaf, { weight }: Parameter): Variable {
  if (isVariable(holder)) return holder;
  const found = findWeight(holder, weight);
  if (found === undefined) throw new Error(`layer "${layerPath}" has no weight "${weight}"`);
  return found.read() as Variable;
}

interface Place {
  readonly layerPath: string;
  readonly modulePath: string;
}

/**
 * The layers with weights and the variables, in the target's order. A layer that a target holds twice is listed twice, as torch lists a
 * shared module under each of its names. A single layer stands for the root module ''.
 *
 * @param skip  takes what is thrown otherwise of a layer whose class is not known.
 * @throws UnsupportedError for a layer with weights that no torch module has, or that are not float32; RangeError for
 * a name in `map` that no layer has, and where two layers stand for one parameter of torch.
 */
export function findLeaves(
  where: string,
  target: LoadTarget,
  map: ModuleMap = {},
  skip?: (refusal: UnsupportedError) => void,
): Leaf[] {
  const roots = rootsOf(where, target);
  checkMap(where, map);
  const leaves: Leaf[] = [];
  const seen = new Set<string>();

  const modulesAt = (layerPath: string, otherwise: string): readonly string[] => {
    seen.add(layerPath);
    const given =
      typeof map === 'function' ? map(layerPath) : Object.hasOwn(map, layerPath) ? map[layerPath] : undefined;
    if (given === undefined) return [otherwise];
    const what = `map[${show(layerPath)}]`;
    if (!Array.isArray(given)) {
      checkModulePath(where, what, given);
      return [given];
    }
    for (const [i, path] of given.entries()) checkModulePath(where, `${what}[${i}]`, path);
    if (given.length > 0) return given;
    throw new RangeError(message(where, what, 'a module path, or several', '[]'));
  };

  const visit = (outer: Holder, { layerPath, modulePath }: Place): void => {
    if (isVariable(outer)) {
      const module = looseParameter(outer);
      const parameters = module.parameters(null);
      leaves.push({ holder: outer, module, scope: '', layerPath, modulePath, parameters });
      return;
    }
    const layer = unwrapped(outer);
    const children = childrenOf(layer);
    for (const child of children ?? []) {
      const childPath = joinPath(layerPath, child.name);
      for (const path of modulesAt(childPath, joinPath(modulePath, child.name)))
        visit(child, { layerPath: childPath, modulePath: path });
    }
    const module = children ? undefined : moduleOf(where, layer, layerPath, skip);
    if (module === undefined) return;
    const parameters = parametersOf(where, { layer, layerPath, module });
    leaves.push({ holder: layer, module, scope: outer.name, layerPath, modulePath, parameters });
  };

  for (const { holder, layerPath, modulePath } of roots) {
    const paths = layerPath === '' ? [modulePath] : modulesAt(layerPath, modulePath);
    for (const path of paths) visit(holder, { layerPath, modulePath: path });
  }
  if (typeof map !== 'function') checkNames(where, map, seen);
  checkHolders(where, leaves);
  return leaves;
}

/** A parameter of torch has one weight here: two would be loaded alike, trained apart, and then written as one. */
function checkHolders(where: string, leaves: readonly Leaf[]): void {
  const byName = new Map<string, Leaf>();
  for (const leaf of leaves)
    for (const name of namesOf(leaf)) {
      const other = byName.get(name) ?? leaf;
      byName.set(name, other);
      if (other.holder === leaf.holder) continue;
      const got = `${show(other.layerPath)} and ${show(leaf.layerPath)}`;
      throw new RangeError(message(where, show(name), 'one layer', got, remedyForTwo(other, leaf, leaves)));
    }
}

function remedyForTwo(a: Leaf, b: Leaf, leaves: readonly Leaf[]): string {
  if (a.layerPath === b.layerPath) return 'Name each as its own module';
  const isTied = ({ layerPath }: Leaf) => leaves.filter((leaf) => leaf.layerPath === layerPath).length > 1;
  const [tied, other] = isTied(a) ? [a, b] : [b, a];
  if (isVariable(a.holder) || isVariable(b.holder)) return 'Leave one of the two out';
  if (!isTied(tied))
    return 'Give the module one layer, which may stand in several places, or load the other in a call of its own';
  const names = new Set(namesOf(tied));
  const more = namesOf(other).filter((name) => !names.has(name));
  const rest = more.length === 0 ? '' : `, and give a tf.Variable to ${showFirst(more, show)}`;
  return `The map gives its weight to ${show(tied.layerPath)}: leave ${show(other.layerPath)} out${rest}`;
}

/** With all that the layer itself determines of their shapes: as built, or as its inputShape makes them. */
function parametersOf(
  where: string,
  { layer, layerPath, module }: Pick<Leaf, 'layerPath' | 'module'> & { readonly layer: Layer },
): Parameter[] {
  if (!layer.built) return module.parameters(layer.batchInputShape ?? null);
  return module.parameters(null).map((parameter) => asBuilt(where, layer, layerPath, parameter));
}

function asBuilt(where: string, layer: Layer, layerPath: string, parameter: Parameter): Parameter {
  const weight = findWeight(layer, parameter.weight);
  const dtype = dtypeOf(parameter);
  if (weight?.dtype !== dtype) {
    const rule = `a ${dtype} weight "${parameter.weight}"`;
    const remedy = 'Make it with tf.layers, without a dtype';
    throw new UnsupportedError(message(where, `layer "${layerPath}"`, rule, weight?.dtype ?? 'none', remedy));
  }
  return { ...parameter, shape: weight.shape };
}

function dtypeOf({ dtype }: Parameter): DataType {
  if (dtype === undefined) return 'float32';
  return dtype === 'BOOL' ? 'bool' : 'int32';
}

function checkMap(where: string, map: unknown): asserts map is ModuleMap {
  const isList = Array.isArray(map) || builtinClass(map) === 'Map';
  if (typeof map === 'function' || (typeof map === 'object' && map !== null && !isList)) return;
  const remedy = isList ? 'Object.fromEntries makes an object of a Map' : undefined;
  throw new TypeError(message(where, 'map', 'an object or a function', show(map), remedy));
}

function checkNames(
  where: string,
  map: Readonly<Record<string, ModulePaths>>,
  seen: ReadonlySet<string>,
): void {
  for (const name of Object.keys(map))
    if (!seen.has(name))
      throw new RangeError(
        message(where, 'map', `names of layers (${[...seen].map(show).join(', ')})`, show(name)),
      );
}
