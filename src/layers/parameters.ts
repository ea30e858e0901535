/** The parameters of a recurrent layer under torch's names. */

import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../check.js';
import type { DirectionWeights } from '../kernels/contract.js';

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
