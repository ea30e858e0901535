/** The parameters of a recurrent layer under torch's names. */

import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { initializers, type LayerVariable } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import type { DirectionWeights } from '../../kernels/contract.js';

type WeightName = keyof DirectionWeights;

const WEIGHT = /^(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(.*)$/;

/** The variables of a layer or a cell under torch's names, in the order in which they were added: that of `state_dict()`. */
export class LayerParameters {
  private readonly variablesByName = new Map<string, LayerVariable>();
  /** By what follows the name of a weight: `_l0`, `_l0_reverse`, ...; nothing for a cell. */
  private readonly byDirection = new Map<string, Partial<Record<WeightName, LayerVariable>>>();

  set(name: string, variable: LayerVariable): void {
    this.variablesByName.set(name, variable);
    const [, weight, direction] = WEIGHT.exec(name) as unknown as [string, WeightName, string];
    const variables = this.byDirection.get(direction) ?? {};
    variables[weight] = variable;
    this.byDirection.set(direction, variables);
  }

  get byName(): ReadonlyMap<string, LayerVariable> {
    return this.variablesByName;
  }

  /** The live weights of each layer and direction, in the order of `hn`; one entry for a cell. They belong to the layer. */
  read(): DirectionWeights[] {
    return Array.from(this.byDirection.values(), (variables) => ({
      weight_ih: variables.weight_ih?.read() as Tensor2D,
      weight_hh: variables.weight_hh?.read() as Tensor2D,
      weight_hr: variables.weight_hr?.read() as Tensor2D | undefined,
      bias_ih: variables.bias_ih?.read() as Tensor1D | undefined,
      bias_hh: variables.bias_hh?.read() as Tensor1D | undefined,
    }));
  }
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
