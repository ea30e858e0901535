/** What the modules of this folder are made with. */

import type { layers } from '@tensorflow/tfjs-layers';
import { identical, type Layout, type Sizes } from '../../matching/layout.js';
import type { Parameter, TorchModule } from '../../matching/torch-module.js';

export type Layer = layers.Layer;

/** Makes the torch module of a layer of one class; messages name the layer by its path. */
export type ModuleKind = (layer: Layer, layerPath: string) => TorchModule;

/** The parameters of a Linear or convolution with so many outputs; by default the last axis of the kernel has them. */
export function kernelAndBias(
  shape: Sizes,
  layout: Layout,
  useBias: boolean,
  outputs: number | null = shape.at(-1) ?? null,
): Parameter[] {
  const bias = { key: 'bias', weight: 'bias', shape: [outputs], layout: identical };
  return [{ key: 'weight', weight: 'kernel', shape, layout }, ...(useBias ? [bias] : [])];
}

/** `flag: true` or `flag: false`, for parameters that one flag each switches. */
export function flagsFor(flags: Readonly<Record<string, string>>): TorchModule['argumentsFor'] {
  // Keys come from a file, where one may have the name of a property of every object.
  return (keys, present) =>
    keys.filter((key) => Object.hasOwn(flags, key)).map((key) => `${flags[key]}: ${present}`);
}
