import { serialization, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { layers, type Shape, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { checkBoolean, checkKeys, message } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import { takeGraphCall, watchOutputs } from '../../tfjs-internals/models.js';
import { checkKnown } from '../args/known.js';
import type { LayerArgs } from '../args/module-args.js';
import { construct } from '../config.js';
import { type LayerTensors, toList, toShapes } from '../one-or-many.js';
import { checkLengthInputs } from './length-inputs.js';
import { inputLengths } from './lengths.js';
import { maskOfLengths } from './mask.js';

const WHERE = 'LengthMask';

/** Arguments of {@link LengthMask}: those of any tf.layers layer (`name`, ...). */
export type LengthMaskArgs = LayerArgs;

/**
 * Gives a sequence the mask of its rows' lengths: `[x, lengths]` in, x out, unchanged.
 *
 *     mask[b, t] = t < lengths[b]
 *
 * In a model it does for the recurrent layers behind it what `pack_padded_sequence` does in PyTorch. Apply it behind the layers of
 * tf.layers that drop masks (`conv1d`, `reshape`, `leakyReLU`, ...), directly before the layer that is to read the lengths. A
 * mask that x has already is replaced. It has no weights.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
 */
export class LengthMask extends layers.Layer {
  /** The name in saved models. */
  static readonly className: string = 'TorchLengthMask';

  /** @throws TypeError for an unknown argument. */
  constructor(args: LengthMaskArgs = {}) {
    checkKnown(WHERE, args, [], "{ name: 'lengths' }", () => undefined);
    super(args as ConstructorParameters<typeof layers.Layer>[0]);
    this.supportsMasking = true;
  }

  /**
   * tf.layers' call in a model.
   *
   * @param inputs `[x, lengths]`: x `[B, T, ...]` of any dtype, and lengths `[B]` or `[B, 1]`, integers 1..T, int32 or float32.
   * @returns x with its mask.
   * @throws TypeError or RangeError naming the input; the values of lengths are checked where reading them costs nothing.
   * UnsupportedError for a call on tensors: masks travel inside models only, so the lengths would be lost.
   */
  override apply(inputs: LayerTensors, kwargs?: { training?: boolean | undefined } | null): LayerTensors {
    const where = `${WHERE}.apply`;
    const args = kwargs ?? {};
    const isExecuted = takeGraphCall(this) !== undefined;
    // In a model the options may hold what other layers of tfjs leave in them.
    if (!isExecuted) checkKeys(where, args, ['training']);
    if (args.training != null) checkBoolean(where, 'training', args.training);
    const list = toList<unknown>(inputs);
    checkLengthInputs(where, list, 2, 2);
    if (!(list[0] instanceof SymbolicTensor)) {
      if (!isExecuted) throw lostLengths(where);
      return tidy(() => super.apply(inputs, args) as Tensor);
    }
    const output = super.apply(inputs, args);
    watchOutputs([output as SymbolicTensor]);
    return output;
  }

  override call(inputs: Tensor | Tensor[], kwargs: Parameters<layers.Layer['call']>[1] = {}): Tensor {
    this.invokeCallHook(inputs, kwargs);
    return toList(inputs)[0] as Tensor;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return toShapes(inputShape)[0];
  }

  /** The mask `[B, T]` of the lengths, for the executor of a model. */
  override computeMask(inputs: Tensor | Tensor[]): Tensor {
    const [x, lengths] = toList(inputs) as [Tensor, Tensor];
    const [batch, steps] = x.shape as [number, number];
    return tidy(() => maskOfLengths(inputLengths(`${WHERE}.apply`, lengths, batch, steps), batch, steps));
  }

  static override readonly fromConfig = construct;
}

function lostLengths(where: string): UnsupportedError {
  const remedy =
    'A tensor carries no mask: pass the lengths to the layer that reads them, apply(x, { lengths }) or forward(x, { lengths })';
  return new UnsupportedError(message(where, 'inputs', 'symbolic tensors, of a model', 'tensors', remedy));
}

serialization.registerClass(LengthMask);

/**
 * Makes a {@link LengthMask}: `lengthMask().apply([x, lengths])`.
 * @throws TypeError for an unknown argument.
 */
export function lengthMask(args: LengthMaskArgs = {}): LengthMask {
  return new LengthMask(args);
}
