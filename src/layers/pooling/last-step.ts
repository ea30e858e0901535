import {
  add,
  gather,
  range,
  reshape,
  serialization,
  slice,
  type Tensor,
  type Tensor1D,
} from '@tensorflow/tfjs-core';
import { StepPooling, type StepPoolingArgs } from './step-pooling.js';

/**
 * The last valid step of each row: `[B, T, F]` to `[B, F]`.
 *
 *     y[b] = x[b, lengths[b] - 1]
 *
 * It is PyTorch's `out[torch.arange(B), lengths - 1]`, without lengths `out[:, -1]`. Of two directions that is not the last state
 * (`torch.cat([h[-2], h[-1]], dim=1)`), which `returnSequences: false` gives: at the last step the reverse direction has read
 * one step only. Other steps are not read, and get no gradient.
 */
export class LastStep extends StepPooling {
  /** The name in saved models. */
  static readonly className: string = 'TorchLastStep';

  /** @throws TypeError for an unknown argument. */
  constructor(args: StepPoolingArgs = {}) {
    super('LastStep', args);
  }

  protected override pool(x: Tensor, lengths: Tensor1D | undefined): Tensor {
    const [batch, steps, ...features] = x.shape as [number, number, ...number[]];
    const shape = [batch, ...features];
    // The cpu backend cannot slice an empty tensor that another op made (tfjs 4.22).
    if (batch === 0) return reshape(x, shape);
    if (lengths === undefined) return reshape(slice(x, [0, steps - 1], [batch, 1, ...features]), shape);
    const lastRows = add(range(-1, batch * steps - 1, steps, 'int32'), lengths) as Tensor1D;
    return gather(reshape(x, [batch * steps, ...features]), lastRows);
  }
}

serialization.registerClass(LastStep);

/**
 * Makes a {@link LastStep}: `lastStep().apply(x)`, or `lastStep().apply([x, lengths])`.
 * @throws TypeError for an unknown argument.
 */
export function lastStep(args: StepPoolingArgs = {}): LastStep {
  return new LastStep(args);
}
