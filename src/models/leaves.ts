import { message, show } from '../check.js';
import { checkModulePath, joinPath } from '../state-dict/keys.js';
import { tagOf } from '../state-dict/tag.js';
import { type Layer, type ModuleKind, moduleKind } from './modules/index.js';

/**
 * Where torch keeps the module of a layer, when `layer.name` is not its name there: an object from the layer's path
 * (`name`, or `model.name` inside a nested model) to the module's path, or a function of the layer's path that
 * returns undefined for layers whose names agree. A path given for a nested model holds for all layers in it.
 */
export type ModuleMap = Readonly<Record<string, string>> | ((layerPath: string) => string | undefined);

/** A layer with weights and the torch module it stands for. */
export interface Leaf {
  readonly layer: Layer;
  readonly kind: ModuleKind;
  /** The name scope its weights belong to: a wrapper's name, where one is around the layer. */
  readonly scope: string;
  /** Names of the models around it and its own, joined by dots. */
  readonly layerPath: string;
  /** Path of the torch module, below `prefix`. */
  readonly modulePath: string;
}

interface Place {
  readonly layerPath: string;
  readonly modulePath: string;
}

/**
 * The layers with weights, in the model's order. A layer that a model holds twice is listed twice, as torch lists a
 * shared module under each of its names. A single layer stands for the root module ''.
 *
 * @throws UnsupportedError for a layer with weights that no torch module has; RangeError for a name in `map` that
 * no layer has.
 */
export function findLeaves(where: string, root: Layer, map: ModuleMap = {}): Leaf[] {
  checkMap(where, map);
  const leaves: Leaf[] = [];
  const seen = new Set<string>();

  const moduleAt = (layerPath: string, otherwise: string): string => {
    seen.add(layerPath);
    const given =
      typeof map === 'function' ? map(layerPath) : Object.hasOwn(map, layerPath) ? map[layerPath] : undefined;
    if (given === undefined) return otherwise;
    checkModulePath(where, `map[${show(layerPath)}]`, given);
    return given;
  };

  const visit = (outer: Layer, { layerPath, modulePath }: Place): void => {
    const layer = withoutTimeDistributed(outer);
    const children = childrenOf(layer);
    for (const child of children ?? []) {
      const childPath = joinPath(layerPath, child.name);
      visit(child, {
        layerPath: childPath,
        modulePath: moduleAt(childPath, joinPath(modulePath, child.name)),
      });
    }
    const kind = children ? undefined : moduleKind(where, layer);
    if (kind) leaves.push({ layer, kind, scope: outer.name, layerPath, modulePath });
  };

  const isModel = childrenOf(withoutTimeDistributed(root)) !== undefined;
  visit(
    root,
    isModel
      ? { layerPath: '', modulePath: '' }
      : { layerPath: root.name, modulePath: moduleAt(root.name, '') },
  );
  if (typeof map !== 'function') checkNames(where, map, seen);
  return leaves;
}

/** Names of a leaf's parameters, below `prefix`. */
export function namesOf({ layer, kind, modulePath }: Leaf): string[] {
  return kind.parameters(layer, null).map(({ key }) => joinPath(modulePath, key));
}

/** The layer inside `tf.layers.timeDistributed`: torch applies a module to every step without a wrapper. */
function withoutTimeDistributed(layer: Layer): Layer {
  return layer.getClassName() === 'TimeDistributed'
    ? withoutTimeDistributed((layer as unknown as { layer: Layer }).layer)
    : layer;
}

/** The layers of a model; undefined for any other layer. */
function childrenOf(layer: Layer): readonly Layer[] | undefined {
  const { layers } = layer as unknown as { layers?: Layer[] };
  return Array.isArray(layers) ? layers : undefined;
}

function checkMap(where: string, map: unknown): asserts map is ModuleMap {
  const isList = Array.isArray(map) || tagOf(map) === 'Map';
  if (typeof map === 'function' || (typeof map === 'object' && map !== null && !isList)) return;
  const remedy = isList ? 'Object.fromEntries makes an object of a Map' : undefined;
  throw new TypeError(message(where, 'map', 'an object or a function', show(map), remedy));
}

function checkNames(where: string, map: Readonly<Record<string, string>>, seen: ReadonlySet<string>): void {
  for (const name of Object.keys(map))
    if (!seen.has(name))
      throw new RangeError(
        message(where, 'map', `names of layers (${[...seen].map(show).join(', ')})`, show(name)),
      );
}
