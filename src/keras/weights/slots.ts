/** Finds the weight of a tfjs model that a name in a Keras file stands for. */

import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers } from '@tensorflow/tfjs-layers';
import { KerasGRU } from '../layer/keras-gru.js';
import { kerasWeights } from './gru-weights.js';
import { type Direction, directionOf, type WeightPath } from './weight-names.js';

type Layer = layers.Layer;

/** A weight as Keras has it, with the weights of tfjs that hold its value. */
export interface Slot {
  /** The names of the models around the layer, then its own. */
  readonly path: readonly string[];
  readonly direction: Direction | undefined;
  /** The names between the layer's and the weight's, where a layer has parts with weights. */
  readonly parts: readonly string[];
  readonly weight: string;
  /** The index among the weights of its layer and direction. */
  readonly index: number;
  readonly shape: readonly (number | null)[];
  /** The weights of tfjs, each with its value. Call inside `tidy`. */
  assignments(value: Tensor): (readonly [LayerVariable, Tensor])[];
}

/**
 * The slots of a model. A layer that stands in it several times has its slots once.
 * @param isSavedHere whether tfjs saved the file: its weights then have the names of this package's layers.
 */
export function slotsOf(model: Layer, isSavedHere: boolean): Slot[] {
  const seen = new Set<Layer>();
  const visit = (layer: Layer, path: readonly string[]): Slot[] => {
    if (seen.has(layer)) return [];
    seen.add(layer);
    const { layers: children, layer: inner } = layer as unknown as { layers?: Layer[]; layer?: Layer };
    if (Array.isArray(children)) return children.flatMap((child) => visit(child, [...path, child.name]));
    if (layer.getClassName() === 'TimeDistributed' && inner && isContainer(inner)) return visit(inner, path);
    const own = layer.getClassName() === 'TimeDistributed' && inner ? inner : layer;
    return own instanceof KerasGRU && !isSavedHere ? gruSlots(own, path) : layerSlots(layer, path);
  };
  return visit(model, []);
}

function isContainer(layer: Layer): boolean {
  return Array.isArray((layer as unknown as { layers?: Layer[] }).layers);
}

/** The slots of a converted GRU, under the names of Keras, which names directions only where there are two. */
function gruSlots(layer: KerasGRU, path: readonly string[]): Slot[] {
  const { torchWeights } = layer;
  const { shape: recurrent } = torchWeights.get('weight_hh_l0') as LayerVariable;
  const hiddenSize = recurrent[1] as number;
  const bias = torchWeights.has('bias_hh_l0');
  const isDouble = torchWeights.has('weight_hh_l0_reverse');
  const directions: readonly (Direction | undefined)[] = isDouble ? ['forward', 'backward'] : [undefined];
  return directions.flatMap((direction) =>
    kerasWeights(layer.inputSize as number, hiddenSize, bias).map(({ name, shape, toTorch }, index): Slot => {
      const suffix = direction === 'backward' ? '_l0_reverse' : '_l0';
      const assignments = (value: Tensor) =>
        Object.entries(toTorch(value)).map(([torchName, converted]) => {
          const weight = torchWeights.get(torchName + suffix) as LayerVariable;
          return [weight, converted] as const;
        });
      return { path, direction, parts: [], weight: name, index, shape, assignments };
    }),
  );
}

/** The slots of a tfjs layer, whose weights tfjs names `layer/forward_inner/kernel` and the like. */
function layerSlots(layer: Layer, path: readonly string[]): Slot[] {
  const counts = new Map<Direction | undefined, number>();
  return layer.weights.map((variable): Slot => {
    const { originalName } = variable;
    // A layer's name may have slashes.
    const isInside = originalName.startsWith(`${layer.name}/`);
    const names = (isInside ? originalName.slice(layer.name.length + 1) : originalName).split('/');
    const inner = names.slice(0, -1);
    const direction = directionOf(inner);
    const index = counts.get(direction) ?? 0;
    counts.set(direction, index + 1);
    return {
      path,
      direction,
      parts: inner.filter((name) => !name.startsWith(`${direction}_`)),
      weight: names.at(-1) as string,
      index,
      shape: variable.shape,
      assignments: (value) => [[variable, value]],
    };
  });
}

/** The most names in a path that tfjs leaves out: those of cells and of layers inside wrappers. */
const EXTRA_NAMES = 3;

/** The slots by the names of their layers. */
export type SlotsByLayer = ReadonlyMap<string, readonly Slot[]>;

export function byLayer(slots: readonly Slot[]): SlotsByLayer {
  const found = new Map<string, Slot[]>();
  for (const slot of slots) {
    const name = slot.path.at(-1) as string;
    const ofLayer = found.get(name);
    if (ofLayer) ofLayer.push(slot);
    else found.set(name, [slot]);
  }
  return found;
}

/**
 * The slot that a path in the file stands for; several where layers of different models share a name.
 *
 * The path may name models before the layer. The first name that is a layer's decides.
 */
export function findSlots(slots: SlotsByLayer, { layers: names, weight }: WeightPath): Slot[] {
  const candidates = [...new Set(names)].flatMap((name) => slots.get(name) ?? []);
  const fits = candidates.flatMap((slot) => {
    const at = names.indexOf(slot.path.at(-1) as string);
    const rest = names.slice(at + 1);
    const isSame =
      (typeof weight === 'number' ? slot.index === weight : slot.weight === weight) &&
      directionIn(rest, slot) === slot.direction &&
      slot.parts.every((part) => rest.includes(part)) &&
      rest.length <= slot.parts.length + EXTRA_NAMES;
    const models = slot.path.slice(0, -1).filter((name) => names.slice(0, at).includes(name));
    return isSame ? [{ slot, at, known: models.length }] : [];
  });
  const first = Math.min(...fits.map(({ at, known }) => at - known));
  const outermost = fits.filter(({ at, known }) => at - known === first);
  const most = Math.max(...outermost.map(({ known }) => known));
  return outermost.filter(({ known }) => known === most).map(({ slot }) => slot);
}

/** Names without a direction are those of a `backward_layer`, which keeps its own name in Bidirectional. */
function directionIn(rest: readonly string[], { direction }: Slot): Direction | undefined {
  return directionOf(rest) ?? (direction === undefined ? undefined : 'backward');
}

/** The name that Keras would write, for messages. */
export function slotName({ path, direction, parts, weight }: Slot): string {
  return [...path, ...(direction ? [`${direction}_...`] : []), ...parts, weight].join('/');
}
