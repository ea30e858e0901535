/** What is loaded or written: a layer, a model, or several of them by the paths of their torch modules. */

import { message, show, showFirst } from '../check.js';
import { checkModulePath } from '../state-dict/keys.js';
import { builtinClass } from '../state-dict/tensors/bytes.js';
import { isCell } from './modules/recurrent.js';
import type { Layer } from './modules/registry.js';

/**
 * Layers and models by the paths of their torch modules, for a `forward` that is written by hand:
 * `{ 'encoder.rnn': encoder, 'decoder.attn': attn }`. A layer that stands under several paths is one module that torch has
 * under each, or one with tied weights. The names of the layers themselves do not count; those of layers in a model do.
 */
export type LayersByPath = Readonly<Record<string, Layer>>;

/** What `loadStateDict` and `toStateDict` take. */
export type LoadTarget = Layer | LayersByPath;

/** A layer or model, and where it stands. */
export interface Root {
  readonly layer: Layer;
  /** '' for a model that is the whole target, whose layers' paths begin with their own names. */
  readonly layerPath: string;
  readonly modulePath: string;
}

const RULE = 'a tf.layers layer or model';

/**
 * The layers and models of a target.
 *
 * @throws TypeError for anything else, RangeError for an object without a layer and for a path with a dot at its end.
 */
export function rootsOf(where: string, target: LoadTarget): Root[] {
  if (isLayer(target)) {
    const layerPath = isModel(target) ? '' : target.name;
    return [{ layer: target, layerPath, modulePath: '' }];
  }
  checkRecord(where, target);
  return Object.entries(target).map(([path, layer]) => {
    checkModulePath(where, 'module path', path);
    checkLayer(where, `layers[${show(path)}]`, layer);
    return { layer, layerPath: path, modulePath: path };
  });
}

/** What torch's message names the module by: the class as users construct it, or the paths. */
export function subjectOf(target: LoadTarget): string {
  // Names in saved models have a prefix.
  if (isLayer(target)) return target.getClassName().replace(/^Torch/, '');
  return showFirst(Object.keys(target), show, 4);
}

/** Whether layers are given by path. */
export function isByPath(target: LoadTarget): target is LayersByPath {
  return !isLayer(target);
}

/**
 * The layer inside its wrappers: torch applies a module or cell itself where tf.layers have `timeDistributed` and `rnn`.
 */
export function unwrapped(layer: Layer): Layer {
  const { layer: inner, cell } = layer as unknown as { layer?: Layer; cell?: Layer };
  const className = layer.getClassName();
  if (className === 'TimeDistributed' && inner) return unwrapped(inner);
  return className === 'RNN' && cell && isCell(cell) ? cell : layer;
}

/** The layers of a model; undefined for any other layer. */
export function childrenOf(layer: Layer): readonly Layer[] | undefined {
  const { layers } = layer as unknown as { layers?: Layer[] };
  return Array.isArray(layers) ? layers : undefined;
}

function isModel(layer: Layer): boolean {
  return childrenOf(unwrapped(layer)) !== undefined;
}

function isLayer(value: unknown): value is Layer {
  const { getClassName, getConfig } = (value ?? {}) as Partial<Layer>;
  return typeof getClassName === 'function' && typeof getConfig === 'function';
}

function checkLayer(where: string, what: string, value: unknown): void {
  if (isLayer(value)) return;
  throw new TypeError(message(where, what, RULE, show(value)));
}

/** An object of one's own making: a list, a Map or a Promise is something else. */
function checkRecord(where: string, value: unknown): void {
  if (builtinClass(value) !== 'Object') {
    const rule = `${RULE}, or an object from module paths to them`;
    const remedy = builtinClass(value) === 'Map' ? 'Object.fromEntries makes an object of a Map' : undefined;
    throw new TypeError(message(where, 'layerOrModel', rule, show(value), remedy));
  }
  if (Object.keys(value as object).length === 0) {
    const rule = 'a module path and its layer, or more';
    throw new RangeError(message(where, 'layerOrModel', rule, 'an empty object'));
  }
}

/** The layers and models of a target. */
export function layersIn(target: LoadTarget): Layer[] {
  return isByPath(target) ? Object.values(target) : [target];
}
