/** What the convolutions share: weights, shapes and their checks. */

import { type Tensor, type Tensor1D, util } from '@tensorflow/tfjs-core';
import type { Shape } from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../check.js';
import { checkFits, stepsAfter, stepsAfterTransposed, type Window, windowsOf } from '../../nn/conv/window.js';
import type { LayerArgs } from '../args/module-args.js';
import { OneInputLayer, type WeightSpec } from '../one-input-layer.js';
import { toShapes } from '../one-or-many.js';
import { uniform } from '../weights/initial.js';
import { type ConvLayerOptions, checkDivisible } from './args.js';

/** `[B, T, C]`, `[B, H, W, C]` and their channels-first counterparts. */
const LAYOUTS = {
  channelsLast: ['[B, T, C]', '[B, H, W, C]'],
  channelsFirst: ['[B, C, T]', '[B, C, H, W]'],
};

/** A convolution over 1 or 2 axes. A subclass says which function of nn/ it is. */
export abstract class ConvLayer extends OneInputLayer<ConvLayerOptions> {
  private readonly windows: readonly Window[];

  protected constructor(where: string, args: LayerArgs, options: ConvLayerOptions) {
    super(where, args, options);
    this.windows = windowsOf(where, options.kernelSize, options);
  }

  private get isTransposed(): boolean {
    return this.options.outputPadding !== undefined;
  }

  /**
   * The kernel lies as in tf.layers, so that no call has to turn it: `[...kernelSize, I / groups, O]`, transposed
   * `[...kernelSize, O / groups, I]`. Each weight starts as in torch, U(-1/sqrt(n), 1/sqrt(n)) for n taps of the kernel on an output.
   */
  protected override weightSpecs(channels: number): WeightSpec[] {
    const { outChannels, kernelSize, groups, bias, seed } = this.options;
    const [inner, outer] = this.isTransposed ? [outChannels, channels] : [channels, outChannels];
    const shape = [...kernelSize, inner / groups, outer];
    const taps = util.sizeFromShape(shape.slice(0, -1));
    const spec = (name: string, ofShape: readonly number[]): WeightSpec => ({
      name,
      shape: ofShape,
      initializer: uniform(name, 1 / Math.sqrt(taps), seed),
    });
    return [spec('kernel', shape), ...(bias ? [spec('bias', [outChannels])] : [])];
  }

  /** A file holds I / groups and not the groups, so the weights of a grouped module load into a layer without groups. */
  protected override otherReadings(channels: number, expected: number): string[] {
    const { outChannels, groups, inChannels } = this.options;
    const other = (channels / expected) * groups;
    const fits = Number.isInteger(other) && outChannels % other === 0;
    return fits && !this.isTransposed && inChannels === undefined
      ? [`A module with groups=${other} has weights of these shapes: pass groups: ${other} where it is one`]
      : [];
  }

  protected override checkShape(where: string, shape: Shape): void {
    const { dataFormat, inChannels, groups, kernelSize } = this.options;
    const axes = kernelSize.length;
    if (shape.length !== axes + 2) {
      const remedy = 'An input without a batch needs one: tf.expandDims(x, 0)';
      const layout = LAYOUTS[dataFormat][axes - 1] as string;
      throw new RangeError(
        message(where, 'x', layout, showShape(shape), shape.length === axes + 1 ? remedy : undefined),
      );
    }
    this.checkChannels(where, shape, inChannels ?? this.builtChannels());
    const channels = this.channelsOf(shape);
    if (channels != null) checkDivisible(where, 'channels of x', channels, groups);
    if (!this.isTransposed) checkFits(where, this.stepsOf(shape), this.windows);
    for (const size of this.outputSteps(shape)) {
      if (size === null || size > 0) continue;
      throw new RangeError(message(where, 'x', 'a longer input, or less padding', show(shape)));
    }
  }

  private builtChannels(): number | undefined {
    const kernel = this.read('kernel');
    if (kernel === undefined) return undefined;
    return this.isTransposed ? kernel.shape.at(-1) : (kernel.shape.at(-2) as number) * this.options.groups;
  }

  private stepsOf(shape: Shape): Shape {
    return this.options.dataFormat === 'channelsLast' ? shape.slice(1, -1) : shape.slice(2);
  }

  private outputSteps(shape: Shape): Shape {
    const { outputPadding } = this.options;
    return this.stepsOf(shape).map((steps, i) => {
      if (steps === null) return null;
      const window = this.windows[i] as Window;
      return outputPadding
        ? stepsAfterTransposed(steps, window, outputPadding[i] as number)
        : stepsAfter(steps, window);
    });
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    super.computeOutputShape(inputShape);
    const [x] = toShapes(inputShape);
    const { dataFormat, outChannels } = this.options;
    const steps = this.outputSteps(x);
    const rest = dataFormat === 'channelsLast' ? [...steps, outChannels] : [outChannels, ...steps];
    return [x[0] as number | null, ...rest];
  }

  /** Runs one of nn/. */
  protected convolved<T extends Tensor>(
    convolution: (x: T, kernel: T, bias: Tensor1D | undefined, options: ConvLayerOptions) => T,
    x: Tensor,
  ): Tensor {
    return convolution(x as T, this.read<T>('kernel') as T, this.read<Tensor1D>('bias'), this.options);
  }
}
