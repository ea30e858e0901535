import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { CELLS } from '../../torch/cells.js';
import { readLayerArgs } from '../../torch/layer-args.js';
import { namedArgs } from '../args/positional.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import type { RecurrentArgs } from './args.js';
import type { ForwardOptions } from './call-args.js';
import { Recurrent } from './recurrent.js';

/** Arguments of {@link LSTM}. */
export interface LSTMArgs extends RecurrentArgs {
  /** P < H, the size to which `weight_hr_l{k}` projects h; 0 for no projection. @default 0 */
  readonly projSize?: number | undefined;
}

/** The options of {@link LSTM.forward}. */
export interface LSTMForwardOptions extends ForwardOptions {
  /** `[L*D, B, H]` (P with a projection), or `[L*D, H]` for an unbatched x; together with c0. @default zeros */
  readonly h0?: Tensor | null | undefined;
  /** `[L*D, B, H]`, or `[L*D, H]` for an unbatched x; together with h0. @default zeros */
  readonly c0?: Tensor | null | undefined;
}

/**
 * Stacked, optionally bidirectional long short-term memories over a sequence, as `torch.nn.LSTM` computes them.
 *
 * For each step (`@` matrix product, `*` element-wise):
 *
 *     i  = sigmoid(W_ii @ x + b_ii + W_hi @ h + b_hi)        input
 *     f  = sigmoid(W_if @ x + b_if + W_hf @ h + b_hf)        forget
 *     g  = tanh(W_ig @ x + b_ig + W_hg @ h + b_hg)           cell
 *     o  = sigmoid(W_io @ x + b_io + W_ho @ h + b_ho)        output
 *     c' = f * c + i * g
 *     h' = o * tanh(c')
 *
 * With `projSize` P, h' = W_hr @ (o * tanh(c')) has P elements (arXiv:1402.1128); c keeps H. Weights carry torch's names:
 * `weight_ih_l{k}[_reverse]` `[4H, I]` (D*H or D*P columns above the first layer), `weight_hh_l{k}` `[4H, H]` or
 * `[4H, P]`, `bias_ih_l{k}` and `bias_hh_l{k}` `[4H]`, rows i | f | g | o, and `weight_hr_l{k}` `[P, H]`, each initialised
 * U(-1/sqrt(H), 1/sqrt(H)). `tf.layers.lstm` has one bias, which Keras starts at 1 for f; torch starts it like any other.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
 */
export class LSTM extends Recurrent {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace, which holds its own `LSTM`. */
  static readonly className: string = 'TorchLSTM';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: LSTMArgs) {
    super('LSTM', args);
  }

  /** P; 0 without a projection. */
  get projSize(): number {
    return this.options.projSize;
  }

  /**
   * Makes a layer whose I, H, P, L, D and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'encoder.lstm'`), beside the arguments that a state_dict does not hold.
   * @returns a built layer; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No layer is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<LSTMArgs> = {}): LSTM {
    const { gates } = CELLS.LSTM;
    const target = { layerClass: LSTM, name: 'LSTM', gates, readArgs: readLayerArgs };
    return fromStateDict(target, stateDict, options);
  }

  /**
   * torch's call; it builds an unbuilt layer.
   *
   * @param x float32 `[B, T, I]` (`[T, B, I]` with `batchFirst: false`), or unbatched `[T, I]`; T >= 1.
   * @param options initial states, lengths of the rows, and whether dropout is active.
   * @returns `output` `[B, T, D*H]` (`[T, B, D*H]`, `[T, D*H]`; D*P with a projection), h of the last layer at every step;
   * `hn` `[L*D, B, H]` (`[L*D, H]`; P) and `cn` `[L*D, B, H]` (`[L*D, H]`), the final states layer by layer, forward
   * before reverse, never batch-first. The caller disposes all three. The states of a stateful layer are neither read
   * nor written.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward(x: Tensor, options: LSTMForwardOptions = {}): { output: Tensor; hn: Tensor; cn: Tensor } {
    const { output, finalStates } = this.runForward(x, options);
    const [hn, cn] = finalStates as [Tensor, Tensor];
    return { output, hn, cn };
  }

  /**
   * {@link LSTM.forward} off the calling thread, so that a page or a server goes on meanwhile. Calls run one after the other, in any order
   * with other calls; x and the options' tensors may be disposed once it has returned, and weights count as they are then.
   *
   * Workers run it: in Node and on cross-origin isolated pages threads that share the engine's memory, on other pages one to which
   * inputs are copied. What lies on a GPU is read back, also where `forward` would run there. Where no worker can start, and with dropout
   * or another implementation than the fused one, it runs on the calling thread, after a turn of the event loop; `describeKernels`
   * says so.
   * @returns a promise of what `forward` returns, rejected with its errors.
   * @throws UnsupportedError while a gradient is recorded, which cannot wait for a promise.
   */
  forwardAsync(
    x: Tensor,
    options: LSTMForwardOptions = {},
  ): Promise<{ output: Tensor; hn: Tensor; cn: Tensor }> {
    return this.runForwardAsync(x, options).then(({ output, finalStates }) => {
      const [hn, cn] = finalStates as [Tensor, Tensor];
      return { output, hn, cn };
    });
  }
}

serialization.registerClass(LSTM);

/**
 * Makes an {@link LSTM}, which computes at each step what `torch.nn.LSTM` computes:
 *
 *     i, f, o = sigmoid(W_i? @ x + b_i? + W_h? @ h + b_h?)    input, forget, output
 *     g       = tanh(W_ig @ x + b_ig + W_hg @ h + b_hg)       cell
 *     c'      = f * c + i * g
 *     h'      = o * tanh(c')
 *
 * The caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function lstm(args: LSTMArgs): LSTM;
export function lstm(...args: readonly unknown[]): LSTM {
  return new LSTM(namedArgs('LSTM', args));
}
