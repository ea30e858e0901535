import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { CELLS } from '../../torch/cells.js';
import { readLayerArgs } from '../../torch/layer-args.js';
import { namedArgs } from '../args/positional.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import type { RecurrentArgs } from './args.js';
import type { ForwardOptions } from './call-args.js';
import { Recurrent } from './recurrent.js';

/** Arguments of {@link GRU}: those that every recurrent layer takes. */
export type GRUArgs = RecurrentArgs;

/** The options of {@link GRU.forward}. */
export interface GRUForwardOptions extends ForwardOptions {
  /** `[L*D, B, H]`, or `[L*D, H]` for an unbatched x. @default zeros */
  readonly h0?: Tensor | null | undefined;
}

/**
 * Stacked, optionally bidirectional gated recurrent units over a sequence, as `torch.nn.GRU` computes them.
 *
 * For each step (`@` matrix product, `*` element-wise):
 *
 *     r  = sigmoid(W_ir @ x + b_ir + W_hr @ h + b_hr)        reset
 *     z  = sigmoid(W_iz @ x + b_iz + W_hz @ h + b_hz)        update
 *     n  = tanh(W_in @ x + b_in + r * (W_hn @ h + b_hn))     new
 *     h' = (1 - z) * n + z * h
 *
 * `r` acts after the product with W_hn (arXiv:1406.1078v1, cuDNN, PyTorch). `tf.layers.gru` applies it before (v3),
 * so weights cannot be shared between the two. Weights carry torch's names: `weight_ih_l{k}[_reverse]` `[3H, I]`
 * (D*H columns above the first layer), `weight_hh_l{k}` `[3H, H]`, `bias_ih_l{k}` and `bias_hh_l{k}` `[3H]`, rows
 * r | z | n, each initialised U(-1/sqrt(H), 1/sqrt(H)).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
 */
export class GRU extends Recurrent {
  /** The name in saved models. It has a prefix because tfjs has one flat namespace, which holds its own `GRU`. */
  static readonly className: string = 'TorchGRU';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: GRUArgs) {
    super('GRU', args);
  }

  /**
   * Makes a layer whose I, H, L, D and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'encoder.gru'`), beside the arguments that a state_dict does not hold.
   * @returns a built layer; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No layer is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<GRUArgs> = {}): GRU {
    const { gates } = CELLS.GRU;
    const target = { layerClass: GRU, name: 'GRU', gates, readArgs: readLayerArgs };
    return fromStateDict(target, stateDict, options);
  }

  /**
   * torch's call; it builds an unbuilt layer.
   *
   * @param x float32 `[B, T, I]` (`[T, B, I]` with `batchFirst: false`), or unbatched `[T, I]`; T >= 1.
   * @param options initial states, lengths of the rows, and whether dropout is active.
   * @returns `output` `[B, T, D*H]` (`[T, B, D*H]`, `[T, D*H]`), the last layer at every step; `hn` `[L*D, B, H]`
   * (`[L*D, H]`), the final states layer by layer, forward before reverse, never batch-first. The caller disposes
   * both. The state of a stateful layer is neither read nor written.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward(x: Tensor, options: GRUForwardOptions = {}): { output: Tensor; hn: Tensor } {
    const { output, finalStates } = this.runForward(x, options);
    return { output, hn: finalStates[0] as Tensor };
  }

  /**
   * {@link GRU.forward} off the calling thread, so that a page or a server goes on meanwhile. Calls run one after the other, in any order
   * with other calls; x and the options' tensors may be disposed once it has returned, and weights count as they are then.
   *
   * Workers run it: in Node and on cross-origin isolated pages threads that share the engine's memory, on other pages one to which
   * inputs are copied. What lies on a GPU is read back, also where `forward` would run there. Where no worker can start, and with dropout
   * or another implementation than the fused one, it runs on the calling thread, after a turn of the event loop; `describeKernels`
   * says so.
   * @returns a promise of what `forward` returns, rejected with its errors.
   * @throws UnsupportedError while a gradient is recorded, which cannot wait for a promise.
   */
  forwardAsync(x: Tensor, options: GRUForwardOptions = {}): Promise<{ output: Tensor; hn: Tensor }> {
    const promised = this.runForwardAsync(x, options);
    return promised.then(({ output, finalStates }) => ({ output, hn: finalStates[0] as Tensor }));
  }
}

serialization.registerClass(GRU);

/**
 * Makes a {@link GRU}, which computes at each step what `torch.nn.GRU` computes:
 *
 *     r, z = sigmoid(W_i? @ x + b_i? + W_h? @ h + b_h?)       reset, update
 *     n    = tanh(W_in @ x + b_in + r * (W_hn @ h + b_hn))    new
 *     h'   = (1 - z) * n + z * h
 *
 * The caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function gru(args: GRUArgs): GRU;
export function gru(...args: readonly unknown[]): GRU {
  return new GRU(namedArgs('GRU', args));
}
