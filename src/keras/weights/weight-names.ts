/** Reads the weight names in a manifest, in each form that Keras and its converter write. */

import { isModel, isObject, type LayerJson, layersOf, nameOf } from '../json.js';

export type Direction = 'forward' | 'backward';

/** Where a weight stands: the names of the layers around it, from the outermost, and its own. */
export interface WeightPath {
  /** `['encoder', 'gru', 'gru_cell']`; it may begin with the model's name. */
  readonly layers: readonly string[];
  /** `kernel`; in a .keras file the index among the weights of its layer and direction. */
  readonly weight: string | number;
}

/**
 * Reads names such as `gru/gru_cell/kernel` (Keras 2), `model/gru/gru_cell/kernel` (Keras 3) and
 * `layers/gru_1/cell/vars/0` (a .keras file, where layers are numbered by class).
 */
export class WeightNames {
  private readonly byClass: LayersByClass;

  /** @param model as it stands in the file: .keras files name layers by its classes. */
  constructor(model: LayerJson) {
    this.byClass = layersByClass(model);
  }

  /** Undefined for a value that belongs to no layer: of an optimizer, a metric or a random generator. */
  parse(name: string): WeightPath | undefined {
    const parts = name.split('/');
    const last = parts.at(-1) as string;
    if (/^(optimizer|metrics|compile_metrics)$/.test(parts[0] as string) || /seed_generator/.test(name))
      return undefined;
    if (parts.at(-2) !== 'vars' || !/^\d+$/.test(last)) return { layers: parts.slice(0, -1), weight: last };
    return { layers: this.namesOf(parts.slice(0, -2)), weight: Number(last) };
  }

  /** The leading parts that are a layer's path, replaced by the layers' names; the rest unchanged. */
  private namesOf(parts: readonly string[]): string[] {
    const names: string[] = [];
    let at = 0;
    for (let layers: LayersByClass | undefined = this.byClass; layers && isLayers(parts[at]); at += 2) {
      const found: NamedLayer | undefined = layers.get(parts[at + 1] ?? '');
      if (found === undefined) break;
      names.push(found.name);
      layers = found.layers;
    }
    return [...names, ...parts.slice(at)];
  }
}

function isLayers(part: string | undefined): boolean {
  return part === 'layers' || part === '_layer_checkpoint_dependencies';
}

/** The layers of a model by the names that a .keras file gives them: `gru_1` is the second GRU. */
type LayersByClass = ReadonlyMap<string, NamedLayer>;

interface NamedLayer {
  readonly name: string;
  /** Those of a model. */
  readonly layers?: LayersByClass;
}

function layersByClass(model: LayerJson): LayersByClass {
  const counts = new Map<string, number>();
  const layers = new Map<string, NamedLayer>();
  for (const layer of layersOf(model)) {
    if (isMaskOp(layer)) continue;
    const word = snakeCase(layer.class_name);
    const count = counts.get(word) ?? 0;
    counts.set(word, count + 1);
    const inner = isModel(layer) ? { layers: layersByClass(layer) } : {};
    layers.set(count === 0 ? word : `${word}_${count}`, { name: nameOf(layer), ...inner });
  }
  return layers;
}

/** Whether a layer of a Keras 3 topology is an operation, which has none of the fields of a layer. */
function isMaskOp({ config }: LayerJson): boolean {
  return Object.keys(config).every((key) => key === 'name' || key === 'dtype') && !isObject(config.layer);
}

/** A class name as Keras writes it in a path: `SimpleRNN` is `simple_rnn`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** The direction in a path: `forward_gru`, or `forward_layer` in a .keras file. */
export function directionOf(layers: readonly string[]): Direction | undefined {
  const name = layers.find((part) => /^(forward|backward)_/.test(part));
  return name?.split('_', 1)[0] as Direction | undefined;
}
