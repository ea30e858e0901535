import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import type { LayerVariable, layers, Shape } from '@tensorflow/tfjs-layers';
import { message, showShape } from '../../check.js';
import type { DirectionWeights, WeightName } from '../../kernels/contract.js';
import type { ModuleOptions } from '../args/module-args.js';
import { checkElements } from '../args/sizes.js';
import { type Initializer, uniform } from './initial.js';

/** A layer or cell, which tells the names and shapes of its parameters for an input size. */
interface TorchModule extends layers.Layer {
  torchShapes(inputSize: number): ReadonlyMap<string, readonly number[]>;
}

/** Adds a weight to a layer by its `addWeight`, which is protected. */
type AddWeight = (name: string, shape: Shape, initializer: Initializer) => LayerVariable;

const WEIGHT = /^(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(.*)$/;

/** The weights of a torch module inside a built layer or cell. */
export class ModuleWeights {
  /** In the order of `hn`. */
  private readonly directions: readonly Partial<Record<WeightName, LayerVariable>>[];

  /**
   * @param inputSize I.
   * @param byName the weights under torch's names, in the order of `state_dict()`.
   */
  private constructor(
    readonly inputSize: number,
    readonly byName: ReadonlyMap<string, LayerVariable>,
  ) {
    // By what follows a weight's name: `_l0`, `_l0_reverse`, ...; nothing for a cell.
    const byDirection = new Map<string, Partial<Record<WeightName, LayerVariable>>>();
    for (const [name, variable] of byName) {
      const [, weight, direction] = WEIGHT.exec(name) as unknown as [string, WeightName, string];
      byDirection.set(direction, { ...byDirection.get(direction), [weight]: variable });
    }
    this.directions = [...byDirection.values()];
  }

  /**
   * Creates the weights of a layer, each U(-1/sqrt(H), 1/sqrt(H)) as torch initialises it.
   *
   * @param where the class's name in messages.
   * @param x the shape of the input; its last dimension is I.
   * @throws RangeError when I is unknown, a weight is too large to be allocated, or weights that the layer was constructed
   * with have other shapes. No weight is created then; tfjs itself would look at their shapes only after the build.
   */
  static create(
    where: string,
    layer: TorchModule,
    { hiddenSize, seed }: Pick<ModuleOptions, 'hiddenSize' | 'seed'>,
    x: Shape,
    add: AddWeight,
  ): ModuleWeights {
    const inputSize = x.at(-1);
    if (inputSize == null)
      throw new RangeError(message(where, 'x', 'a known last dimension (inputSize)', showShape(x)));
    const shapes = layer.torchShapes(inputSize);
    checkElements(where, { hiddenSize, inputSize }, shapes);
    checkInitialWeights(where, layer, [...shapes.values()]);
    const bound = hiddenSize === 0 ? 0 : 1 / Math.sqrt(hiddenSize);
    const create = ([name, shape]: [string, readonly number[]]) =>
      [name, add(name, [...shape], uniform(name, bound, seed))] as const;
    return new ModuleWeights(inputSize, new Map([...shapes].map(create)));
  }

  /** The live weights of each layer and direction, in the order of `hn`; one entry for a cell. They belong to the layer. */
  read(): DirectionWeights[] {
    return this.directions.map((variables) => ({
      weight_ih: variables.weight_ih?.read() as Tensor2D,
      weight_hh: variables.weight_hh?.read() as Tensor2D,
      bias_ih: variables.bias_ih?.read() as Tensor1D | undefined,
      bias_hh: variables.bias_hh?.read() as Tensor1D | undefined,
      weight_hr: variables.weight_hr?.read() as Tensor2D | undefined,
    }));
  }
}

function checkInitialWeights(
  where: string,
  { initialWeights }: layers.Layer,
  shapes: readonly (readonly number[])[],
): void {
  if (!initialWeights) return;
  const list = (all: readonly (readonly number[])[]) => all.map(showShape).join(', ');
  const [expected, given] = [list(shapes), list(initialWeights.map(({ shape }) => shape))];
  if (given !== expected) throw new RangeError(message(where, 'weights', expected, given));
}
