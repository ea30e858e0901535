/** What the layers with one input share: weights of so many channels, and the calls of tf.layers. */

import { type serialization, Tensor, tidy } from '@tensorflow/tfjs-core';
import { type LayerVariable, layers, type Shape } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../check.js';
import type { DataFormat } from '../nn/data-format.js';
import { emptyOf } from '../nn/empty.js';
import type { LayerArgs } from './args/module-args.js';
import { construct, toConfig } from './config.js';
import { toList, toShapes } from './one-or-many.js';
import type { Initializer } from './weights/initial.js';

/** A weight of a layer. */
export interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initializer: Initializer;
  /** @default true */
  readonly trainable?: boolean;
}

export interface OneInputOptions {
  readonly dataFormat: DataFormat;
}

/** A layer of tf.layers over float32 inputs with channels. A subclass says which weights it has and what it computes. */
export abstract class OneInputLayer<Options extends OneInputOptions> extends layers.Layer {
  private readonly variables = new Map<string, LayerVariable>();

  protected constructor(
    /** The class's name in messages. */
    protected readonly where: string,
    args: LayerArgs,
    protected readonly options: Options,
  ) {
    super(args);
  }

  /** The weights for so many channels, in the order of `state_dict()`. */
  protected abstract weightSpecs(channels: number): WeightSpec[];

  /** Throws RangeError for an input of another rank or number of channels. */
  protected abstract checkShape(where: string, shape: Shape): void;

  /** Call inside `tidy`. */
  protected abstract compute(x: Tensor, training: boolean): Tensor;

  override build(inputShape: Shape | Shape[]): void {
    const [x] = toShapes(inputShape);
    this.checkShape(this.where, x);
    const channels = this.channelsOf(x);
    if (channels == null)
      throw new RangeError(message(this.where, 'x', 'a known number of channels', showShape(x)));
    for (const { name, shape, initializer, trainable } of this.weightSpecs(channels))
      this.variables.set(
        name,
        this.addWeight(name, [...shape], 'float32', initializer, undefined, trainable),
      );
    super.build(inputShape);
  }

  protected channelsOf(shape: Shape): number | null | undefined {
    return shape.at(this.options.dataFormat === 'channelsLast' ? -1 : 1);
  }

  /**
   * @param expected undefined where any number of channels is right; so is one that is still open.
   * @param source what a message says about the expected number.
   * @throws RangeError
   */
  protected checkChannels(where: string, shape: Shape, expected: number | undefined, source = ''): void {
    const channels = this.channelsOf(shape);
    if (channels == null || expected === undefined || channels === expected) return;
    const { dataFormat } = this.options;
    const place = `With dataFormat '${dataFormat}' they stand ${dataFormat === 'channelsLast' ? 'last' : 'behind the batch'}`;
    const remedy = [place, ...this.otherReadings(channels, expected)].join('. ');
    throw new RangeError(message(where, 'x', `${expected} channels${source}`, showShape(shape), remedy));
  }

  /** What other arguments the weights may belong to, where an input has other channels. */
  protected otherReadings(_channels: number, _expected: number): string[] {
    return [];
  }

  /** A weight as it stands; undefined where the layer has none of this name. */
  protected read<T extends Tensor>(name: string): T | undefined {
    return this.variables.get(name)?.read() as T | undefined;
  }

  /** A weight that changes in training by other means than gradients. */
  protected write(name: string, value: Tensor): void {
    this.variables.get(name)?.write(value);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    const [x] = toShapes(inputShape);
    this.checkShape(`${this.where}.apply`, x);
    return x;
  }

  override call(inputs: Tensor | Tensor[], kwargs: Parameters<layers.Layer['call']>[1] = {}): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const [x] = toList(inputs) as [Tensor];
      const where = `${this.where}.apply`;
      checkFloats(where, x);
      this.checkShape(where, x.shape);
      if (x.shape[0] === 0)
        return emptyOf(this.computeOutputShape(x.shape) as number[], [
          x,
          ...this.trainableWeights.map((weight) => weight.read()),
        ]);
      return this.compute(x, (kwargs as { training?: boolean }).training ?? false);
    });
  }

  static override readonly fromConfig = construct;

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), ...toConfig(this.options) };
  }
}

function checkFloats(where: string, x: unknown): void {
  if (!(x instanceof Tensor)) throw new TypeError(message(where, 'x', 'a tensor', show(x)));
  if (x.dtype !== 'float32')
    throw new TypeError(message(where, 'x', 'dtype float32', x.dtype, 'Convert it with tf.cast'));
}
