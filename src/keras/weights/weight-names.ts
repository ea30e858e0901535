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

/** What a model has beside its layers. */
const NO_LAYERS = /^(optimizer|metrics|compile_metrics)\//;

/** The most parts of a layer's name that are looked for in those of weights. */
const MOST_PARTS = 16;

/**
 * Reads names such as `gru/gru_cell/kernel` (Keras 2), `model/gru/gru_cell/kernel` (Keras 3) and
 * `layers/gru_1/cell/vars/0` (a .keras file, where layers are numbered by class).
 */
export class WeightNames {
  private readonly byClass: LayersByClass;

  /** Names with slashes, of layers of Keras 2. */
  private readonly slashed: ReadonlySet<string>;

  /**
   * @param model as it stands in the file: .keras files name layers by its classes.
   * @param layers the names of all layers and models.
   */
  constructor(model: LayerJson, layers: readonly string[]) {
    this.byClass = layersByClass(model);
    this.slashed = new Set(layers.filter((name) => name.includes('/')));
  }

  /** Undefined for a value of a .keras file that belongs to no layer, and for the state of a random generator. */
  parse(name: string): WeightPath | undefined {
    const parts = name.split('/');
    const last = parts.pop() as string;
    if (parts.at(-1) !== 'vars' || !/^\d+$/.test(last))
      return last === 'seed_generator_state' ? undefined : { layers: this.withSlashes(parts), weight: last };
    const isOfLayer = !NO_LAYERS.test(name) && parts.at(-2) !== 'seed_generator';
    return isOfLayer ? { layers: this.namesOf(parts.slice(0, -1)), weight: Number(last) } : undefined;
  }

  /** Whether a weight that fits no layer is one that no layer needs: any layer may be called so. */
  isOfNoLayer(name: string): boolean {
    return NO_LAYERS.test(name);
  }

  /** Parts that are the name of one layer together, in one; the longest such name counts. */
  private withSlashes(parts: readonly string[]): string[] {
    if (this.slashed.size === 0) return [...parts];
    const names: string[] = [];
    for (let at = 0; at < parts.length; ) {
      let count = 1;
      let name = parts[at] as string;
      for (let more = 2; more <= MOST_PARTS && at + more <= parts.length; more++) {
        name += `/${parts[at + more - 1]}`;
        if (this.slashed.has(name)) count = more;
      }
      names.push(parts.slice(at, at + count).join('/'));
      at += count;
    }
    return names;
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
