/** What is loaded or written: a layer, a model, or several of them, and variables, by their paths in torch. */

import { Tensor, Variable } from '@tensorflow/tfjs-core';
import { message, show, showFirst } from '../check.js';
import { checkModulePath } from '../state-dict/keys.js';
import { builtinClass } from '../state-dict/tensors/bytes.js';
import { isCell } from './modules/recurrent.js';
import type { Layer } from './modules/registry.js';

/**
 * Layers and models by the paths of their torch modules, for a `forward` that is written by hand:
 * `{ 'encoder.rnn': encoder, 'decoder.attn': attn }`. A layer that stands under several paths is one module that torch has
 * under each, or one with tied weights. The names of the layers themselves do not count; those of layers in a model do.
 *
 * A float32 `tf.Variable` stands for the one parameter or buffer of its whole name, `{ 'decoder.v': tf.variable(tf.zeros([8])) }`:
 * an `nn.Parameter` of no module that has a layer, or the bias of a Linear whose weight is an Embedding's.
 */
export type LayersByPath = Readonly<Record<string, Layer | Variable>>;

/** What has weights. */
export type Holder = Layer | Variable;

/** What `loadStateDict` and `toStateDict` take. */
export type LoadTarget = Layer | LayersByPath;

/** A layer, model or variable, and where it stands. */
export interface Root {
  readonly holder: Holder;
  /** '' for a model that is the whole target, whose layers' paths begin with their own names. */
  readonly layerPath: string;
  readonly modulePath: string;
}

const RULE = 'a tf.layers layer or model';

/**
 * The layers, models and variables of a target.
 *
 * @throws TypeError for anything else, RangeError for an object without a layer and for a path with a dot at its end.
 */
export function rootsOf(where: string, target: LoadTarget): Root[] {
  if (isLayer(target)) {
    const layerPath = isModel(target) ? '' : target.name;
    return [{ holder: target, layerPath, modulePath: '' }];
  }
  checkRecord(where, target);
  return Object.entries(target).map(([path, holder]) => {
    checkModulePath(where, 'module path', path);
    checkHolder(where, path, holder);
    return { holder, layerPath: path, modulePath: path };
  });
}

/** What torch's message names the module by: the class as users construct it, or the paths. */
export function subjectOf(target: LoadTarget): string {
  // Names in saved models have a prefix.
  if (isLayer(target)) return target.getClassName().replace(/^Torch/, '');
  return showFirst(Object.keys(target), show, 4);
}

/** What stands in an object with the same layers before further entries, as code. */
export function startOf(target: LoadTarget): string {
  if (!isLayer(target)) return '...layers';
  return isModel(target) ? '"": model' : `${show(target.name)}: layer`;
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

/** Whether it is a variable, of any copy of tfjs: its class tells by what the value has. */
export function isVariable(holder: unknown): holder is Variable {
  return holder instanceof Variable;
}

function checkHolder(where: string, path: string, value: unknown): void {
  if (isLayer(value)) return;
  const what = `layers[${show(path)}]`;
  if (!isVariable(value)) {
    const remedy = value instanceof Tensor ? 'tf.variable makes one of a tensor' : undefined;
    throw new TypeError(message(where, what, `${RULE}, or a tf.Variable`, show(value), remedy));
  }
  if (path === '') {
    const remedy = "The whole name of its parameter is its path, { 'decoder.v': variable }";
    throw new RangeError(message(where, what, RULE, 'a tf.Variable', remedy));
  }
  const got = value.isDisposed ? 'one that is disposed' : value.dtype;
  if (got !== 'float32') throw new TypeError(message(where, what, 'a variable of dtype float32', got));
}

/** An object of one's own making: a list, a Map or a Promise is something else. */
function checkRecord(where: string, value: unknown): void {
  if (builtinClass(value) !== 'Object' || value instanceof Tensor) {
    const rule = `${RULE}, or an object from module paths to them`;
    const remedy = isVariable(value)
      ? "Give it by its whole name, { 'decoder.v': variable }"
      : builtinClass(value) === 'Map'
        ? 'Object.fromEntries makes an object of a Map'
        : undefined;
    throw new TypeError(message(where, 'layerOrModel', rule, show(value), remedy));
  }
  if (Object.keys(value as object).length === 0) {
    const rule = 'a module path and its layer, or more';
    throw new RangeError(message(where, 'layerOrModel', rule, 'an empty object'));
  }
}

/** The layers and models of a target. */
export function layersIn(target: LoadTarget): Layer[] {
  return isByPath(target) ? Object.values(target).filter(isLayer) : [target];
}
