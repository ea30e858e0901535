/** The parameters of a recurrent layer under torch's names. */

import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../check.js';
import { type DirectionWeights, outputSize } from '../kernels/contract.js';
import type { RecurrentOptions } from './args.js';

type ShapeOptions = Pick<
  RecurrentOptions,
  'hiddenSize' | 'numLayers' | 'bias' | 'bidirectional' | 'projSize'
>;

/** Names and shapes in the order of `state_dict()`, for G gates and an input of I features. */
export function torchShapes(gates: number, inputSize: number, options: ShapeOptions): Map<string, number[]> {
  const { numLayers, bidirectional } = options;
  const shapes = new Map<string, number[]>();
  for (let layer = 0; layer < numLayers; layer++) {
    const columns = layer === 0 ? inputSize : (bidirectional ? 2 : 1) * outputSize(options);
    for (const suffix of bidirectional ? [`_l${layer}`, `_l${layer}_reverse`] : [`_l${layer}`])
      addDirection(shapes, suffix, gates, columns, options);
  }
  return shapes;
}

/** The parameters of one direction of one layer, or with an empty suffix those of a cell. */
export function addDirection(
  shapes: Map<string, number[]>,
  suffix: string,
  gates: number,
  inputSize: number,
  { hiddenSize, bias, projSize }: Pick<ShapeOptions, 'hiddenSize' | 'bias' | 'projSize'>,
): void {
  const rows = gates * hiddenSize;
  shapes.set(`weight_ih${suffix}`, [rows, inputSize]);
  shapes.set(`weight_hh${suffix}`, [rows, outputSize({ hiddenSize, projSize })]);
  if (bias) {
    shapes.set(`bias_ih${suffix}`, [rows]);
    shapes.set(`bias_hh${suffix}`, [rows]);
  }
  if (projSize > 0) shapes.set(`weight_hr${suffix}`, [projSize, hiddenSize]);
}

/** The live weights of each layer and direction, in the order of `hn`; one entry for a cell. They belong to the layer. */
export function directionWeights(parameters: ReadonlyMap<string, LayerVariable>): DirectionWeights[] {
  const suffixes = [...parameters.keys()].flatMap((name) => /^weight_ih(.*)$/.exec(name)?.[1] ?? []);
  return suffixes.map((suffix) => {
    const read = (name: string) => parameters.get(name + suffix)?.read();
    return {
      weight_ih: read('weight_ih') as Tensor2D,
      weight_hh: read('weight_hh') as Tensor2D,
      weight_hr: read('weight_hr') as Tensor2D | undefined,
      bias_ih: read('bias_ih') as Tensor1D | undefined,
      bias_hh: read('bias_hh') as Tensor1D | undefined,
    };
  });
}

/** Weights that a constructor was given, before any weight is made: tfjs would find out after it has built the layer. */
export function checkInitialWeights(
  where: string,
  weights: readonly Tensor[] | null | undefined,
  shapes: ReadonlyMap<string, readonly number[]>,
): void {
  if (!weights) return;
  const list = (all: readonly (readonly number[])[]) => all.map(showShape).join(', ');
  const [expected, given] = [list([...shapes.values()]), list(weights.map(({ shape }) => shape))];
  if (given !== expected) throw new RangeError(message(where, 'weights', expected, given));
}

/** How torch initialises a parameter: U(-1/sqrt(H), 1/sqrt(H)), repeatable with a seed. */
export function torchInitializer(name: string, hiddenSize: number, seed: number | undefined) {
  const bound = hiddenSize === 0 ? 0 : 1 / Math.sqrt(hiddenSize);
  const ownSeed = seed === undefined ? undefined : mixSeed(seed, name);
  return initializers.randomUniform({ minval: -bound, maxval: bound, seed: ownSeed });
}

/** A seed of its own for each parameter, far from those of the neighbouring seeds (FNV-1a over both). */
function mixSeed(seed: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed}/${name}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
