/** What the layers have in common that make one vector of each sequence, and read its lengths. */

import { type Tensor, type Tensor1D, tidy } from '@tensorflow/tfjs-core';
import { layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkKeys } from '../../check.js';
import { checkKnown } from '../args/known.js';
import type { LayerArgs } from '../args/module-args.js';
import { construct } from '../config.js';
import { checkLengthInputs } from '../masks/length-inputs.js';
import { inputLengths, type Lengths, lengthsFromMask, toLengths } from '../masks/lengths.js';
import { firstMask, type Mask, sequenceMask } from '../masks/mask.js';
import { OwnMask } from '../masks/own-mask.js';
import { type LayerTensors, toList, toShapes } from '../one-or-many.js';

/** Arguments of a pooling layer: those of any tf.layers layer (`name`, ...). */
export type StepPoolingArgs = LayerArgs;

/** The options of an eager `apply`. */
export interface StepPoolingCallArgs {
  /** Sequence lengths; see {@link Lengths}. */
  lengths?: Lengths | undefined;
  /** `[B, T]`, right-padded. `lengths` have precedence. */
  mask?: Mask | Mask[];
  /** Has no effect: the layer does the same in training. */
  training?: boolean | undefined;
}

type PreparedArgs = StepPoolingCallArgs & { prepared?: { readonly lengths: Tensor1D | undefined } };

/** A layer without weights from `[B, T, F]` to `[B, F]`. A subclass says what it makes of the valid steps. */
export abstract class StepPooling extends layers.Layer {
  private readonly ownMask = new OwnMask(this);

  protected constructor(
    /** The class's name in messages. */
    private readonly where: string,
    args: StepPoolingArgs,
  ) {
    checkKnown(where, args, [], "{ name: 'pool' }", () => undefined);
    super(args as ConstructorParameters<typeof layers.Layer>[0]);
    this.supportsMasking = true;
  }

  /** `[B, F]` of x `[B, T, F]`; without lengths every row has all T steps, and T >= 1. Call inside `tidy`. */
  protected abstract pool(x: Tensor, lengths: Tensor1D | undefined): Tensor;

  /** Refuses a user's call on tensors without lengths and mask, where it can only be a mistake. */
  protected checkWithoutLengths(_where: string, _x: Tensor): void {}

  /**
   * tf.layers' call, in a model or eagerly: `apply(x)`, `apply([x, lengths])`, eagerly also `apply(x, { lengths })`.
   *
   * @param inputs x `[B, T, F]`, and lengths `[B]` or `[B, 1]`, integers 1..T. Without lengths those of the mask of x count, and
   * without a mask every row has T steps.
   * @returns `[B, F]`, which has no mask. The caller disposes an eager output.
   * @throws TypeError or RangeError naming the input; the values of lengths and masks are checked where reading them costs nothing.
   */
  override apply(inputs: LayerTensors, kwargs?: StepPoolingCallArgs | null): LayerTensors {
    const where = `${this.where}.apply`;
    const args = kwargs ?? {};
    const list = toList<unknown>(inputs);
    const isSymbolic = list[0] instanceof SymbolicTensor;
    const known = isSymbolic ? ['training'] : ['lengths', 'mask', 'training'];
    // In a model the options may hold what other layers of tfjs leave in them.
    const isUsers = isSymbolic || !this.ownMask.begin();
    if (isUsers) checkKeys(where, args, known);
    if (args.training != null) checkBoolean(where, 'training', args.training);
    checkLengthInputs(where, list, 3, 1);
    if (isSymbolic) {
      const output = super.apply(inputs, args);
      this.ownMask.enterGraph(output);
      return output;
    }
    return tidy(() => {
      const isTold = list.length > 1 || args.lengths != null || firstMask(args.mask) != null;
      if (isUsers && !isTold) this.checkWithoutLengths(where, list[0] as Tensor);
      const prepared = { lengths: this.lengthsOf(where, list as Tensor[], args) };
      return super.apply(inputs, { ...args, prepared }) as Tensor;
    });
  }

  override call(inputs: Tensor | Tensor[], kwargs: PreparedArgs = {}): Tensor {
    return tidy(() => {
      this.invokeCallHook(inputs, kwargs);
      const list = toList(inputs);
      // A wrapper such as timeDistributed calls this directly, with a mask that is not the layer's.
      const { lengths } = kwargs.prepared ?? { lengths: this.lengthsOf(`${this.where}.apply`, list, {}) };
      return this.pool(list[0] as Tensor, lengths);
    });
  }

  private lengthsOf(
    where: string,
    inputs: readonly Tensor[],
    args: StepPoolingCallArgs,
  ): Tensor1D | undefined {
    const [x, lengths] = inputs as [Tensor, Tensor?];
    const [batch, steps] = x.shape as [number, number];
    if (args.lengths != null) return toLengths(where, args.lengths, batch, steps);
    if (lengths) return inputLengths(where, lengths, batch, steps);
    const mask = this.ownMask.choose(where, args.mask, [batch, steps]);
    return mask && batch > 0 ? lengthsFromMask(where, sequenceMask(mask)) : undefined;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const [[batch, , ...features]] = toShapes(inputShape);
    return [batch as number, ...features];
  }

  /** None: the steps are gone. */
  override computeMask(_inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor {
    this.ownMask.confirm(`${this.where}.apply`, mask);
    // tfjs declares masks non-null and treats null as "none".
    return null as unknown as Tensor;
  }

  static override readonly fromConfig = construct;
}
