/** Layers of the user's own, which say themselves which torch parameters their weights are. */

import { show, showFirst } from '../../check.js';
import { findWeight, weightsNamed } from '../../layers/weights/assign.js';
import { identical, permuted } from '../../matching/layout.js';
import type { Conflict, Parameter } from '../../matching/torch-module.js';
import type { Layer, ModuleKind } from './module.js';

/**
 * What the method `torchParameters()` of a layer returns: for each torch parameter, in the order of `state_dict()`, the name of
 * the weight that holds it, as `addWeight` got it. The weight has the shape of the parameter, or with `transpose` the one that
 * `tf.transpose(parameter, transpose)` has.
 */
export type TorchParameters = Readonly<
  Record<string, string | { readonly weight: string; readonly transpose: readonly number[] }>
>;

interface CustomLayer extends Layer {
  torchParameters(): TorchParameters;
}

/** Whether a layer says which torch parameters its weights are. */
export function isCustom(layer: Layer): layer is CustomLayer {
  return typeof (layer as Partial<CustomLayer>).torchParameters === 'function';
}

interface Entry {
  readonly key: string;
  readonly weight: string;
  readonly transpose: readonly number[] | undefined;
}

const RULE = "torchParameters() to return the names of weights, { weight: 'kernel' }";

const WITH_TRANSPOSE = "A weight with its axes in another order is { weight: 'kernel', transpose: [1, 0] }";

/** The parameters as the layer gives them, or what is wrong with them. */
function entriesOf(returned: unknown): Entry[] | Conflict {
  const fault = (got: string): Conflict => ({ rule: RULE, got, remedy: WITH_TRANSPOSE });
  if (typeof returned !== 'object' || returned === null || Array.isArray(returned))
    return fault(show(returned));
  const entries: Entry[] = [];
  for (const [key, value] of Object.entries(returned)) {
    const { weight, transpose } =
      typeof value === 'string' ? { weight: value, transpose: undefined } : (value ?? {});
    const isWhole = transpose === undefined ? typeof value === 'string' : isPermutation(transpose);
    if (typeof weight !== 'string' || !isWhole) return fault(`${show(key)}: ${describe(value)}`);
    entries.push({ key, weight, transpose });
  }
  return entries;
}

function describe(value: unknown): string {
  if (typeof value !== 'object' || value === null) return show(value);
  return `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${show(part)}`)
    .join(', ')} }`;
}

function isPermutation(axes: unknown): axes is readonly number[] {
  return Array.isArray(axes) && [...axes].sort((a, b) => a - b).every((axis, i) => axis === i);
}

/** The parameters that the layer names, as it has built them. */
export const custom: ModuleKind = (layer, layerPath) => {
  const className = layer.getClassName();
  const entries = entriesOf((layer as CustomLayer).torchParameters());
  const list = Array.isArray(entries) ? entries : [];
  return {
    torchName: `the module of ${className}`,
    config: {},
    parameters: (): Parameter[] =>
      list.map(({ key, weight, transpose }) => ({
        key,
        weight,
        shape: [],
        layout: transpose ? permuted(transpose) : identical,
      })),
    inputShape: () => undefined,
    conflict() {
      if (!Array.isArray(entries)) return entries;
      if (layer.built) return wrongWeight(layer, entries);
      const remedy = 'Its class alone knows the shapes of its weights: apply it once before';
      return { rule: 'a built layer', got: `an unbuilt ${className}`, remedy };
    },
    warnings() {
      const used = new Set(list.map(({ weight }) => findWeight(layer, weight)));
      const others = layer.weights.filter((weight) => !used.has(weight));
      if (others.length === 0) return [];
      const names = showFirst(others, ({ originalName }) => show(originalName));
      return [
        `layer "${layerPath}": torchParameters() names no torch parameter for ${names}, which keep their values.`,
      ];
    },
  };
};

/** A name that no weight has, or an order of axes that it cannot have. */
function wrongWeight(layer: Layer, entries: readonly Entry[]): Conflict | undefined {
  const names = showFirst(layer.weights, ({ originalName }) => show(originalName));
  for (const { key, weight, transpose } of entries) {
    const found = weightsNamed(layer, weight);
    if (found.length !== 1) {
      const rule = `torchParameters() to name one weight of the layer for ${show(key)}`;
      const remedy = `Its weights are ${names}`;
      return { rule, got: `${show(weight)}, the name of ${found.length || 'none'}`, remedy };
    }
    const rank = found[0]?.shape.length;
    if (transpose === undefined || transpose.length === rank) continue;
    const rule = `torchParameters() to list ${rank} axes for ${show(key)}`;
    return { rule, got: show(transpose), remedy: `The weight ${show(weight)} has so many` };
  }
  return undefined;
}
