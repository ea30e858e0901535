/** What the names in a weights manifest say, in each of the forms that Keras and its converter write. */

import { isModel, isObject, type LayerJson, layersOf, nameOf } from '../json.js';

export type Direction = 'forward' | 'backward';

/** A weight of a model: the names of the layers around it, from the outermost, and its own. */
export interface WeightPath {
  /** `['encoder', 'gru', 'gru_cell']`; it may begin with the model's name. */
  readonly layers: readonly string[];
  /** `kernel`, or in a .keras file the place among the weights of its layer (and direction). */
  readonly weight: string | number;
}

/**
 * Reads names such as `gru/gru_cell/kernel` (Keras 2), `model/gru/gru_cell/kernel` (Keras 3) and
 * `layers/gru_1/cell/vars/0` (a .keras file, where layers are counted by class).
 */
export class WeightNames {
  private readonly byClass: ReadonlyMap<string, readonly string[]>;

  /** @param model as in the file: the layers' classes count. */
  constructor(model: LayerJson) {
    this.byClass = new Map(classPaths(model, ''));
  }

  /** Undefined for what is no weight of a layer: an optimizer's, a metric's, the state of a random generator. */
  parse(name: string): WeightPath | undefined {
    const parts = name.split('/');
    const last = parts.at(-1) as string;
    if (/^(optimizer|metrics|compile_metrics)$/.test(parts[0] as string) || /seed_generator/.test(name))
      return undefined;
    if (parts.at(-2) !== 'vars' || !/^\d+$/.test(last)) return { layers: parts.slice(0, -1), weight: last };
    return { layers: this.namesOf(parts.slice(0, -2)), weight: Number(last) };
  }

  /** The longest path that a layer has, by its names; what follows in it as it is. */
  private namesOf(parts: readonly string[]): string[] {
    const path = parts.map((part) => (part === '_layer_checkpoint_dependencies' ? 'layers' : part));
    for (let length = path.length; length > 0; length--) {
      const names = this.byClass.get(path.slice(0, length).join('/'));
      if (names) return [...names, ...path.slice(length)];
    }
    return [...path];
  }
}

/** `layers/gru_1` and so on for every layer, with the names of the layers. */
function classPaths(model: LayerJson, prefix: string): [string, string[]][] {
  const counts = new Map<string, number>();
  return layersOf(model).flatMap((layer) => {
    if (isMaskOp(layer)) return [];
    const word = snakeCase(layer.class_name);
    const count = counts.get(word) ?? 0;
    counts.set(word, count + 1);
    const path = `${prefix}layers/${count === 0 ? word : `${word}_${count}`}`;
    const own: [string, string[]] = [path, [nameOf(layer)]];
    if (!isModel(layer)) return [own];
    const inner = classPaths(layer, `${path}/`);
    return [own, ...inner.map(([key, names]): [string, string[]] => [key, [nameOf(layer), ...names]])];
  });
}

/** Operations stand among the layers of a Keras 3 topology, without any of the fields that a layer has. */
function isMaskOp({ config }: LayerJson): boolean {
  return Object.keys(config).every((key) => key === 'name' || key === 'dtype') && !isObject(config.layer);
}

/** As Keras spells a class in a path: `SimpleRNN` is `simple_rnn`. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}

/** The direction that a path goes into: `forward_gru`, or `forward_layer` in a .keras file. */
export function directionOf(layers: readonly string[]): Direction | undefined {
  const [, direction] =
    /^(forward|backward)_/.exec(layers.find((name) => /^(forward|backward)_/.test(name)) ?? '') ?? [];
  return direction as Direction | undefined;
}
