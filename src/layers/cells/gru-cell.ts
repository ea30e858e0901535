import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { CELLS } from '../../torch/cells.js';
import { readCellArgs } from '../../torch/layer-args.js';
import type { ModuleArgs } from '../args/module-args.js';
import { namedArgs } from '../args/positional.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import { type CellTensor, RecurrentCell } from './recurrent-cell.js';

/** Arguments of {@link GRUCell}: those that every cell takes. */
export type GRUCellArgs = ModuleArgs;

/**
 * One step of a gated recurrent unit, as `torch.nn.GRUCell` computes it; the equations are those of {@link GRU}.
 *
 * Weights carry torch's names: `weight_ih` `[3H, I]`, `weight_hh` `[3H, H]`, `bias_ih` and `bias_hh` `[3H]`, rows r | z | n,
 * each initialised U(-1/sqrt(H), 1/sqrt(H)).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 */
export class GRUCell extends RecurrentCell {
  /** The name in saved models. */
  static readonly className: string = 'TorchGRUCell';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: GRUCellArgs) {
    super('GRU', args);
  }

  /**
   * Makes a cell whose I, H and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'decoder.cell'`), beside the arguments that a state_dict does not hold.
   * @returns a built cell; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No cell is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<GRUCellArgs> = {}): GRUCell {
    const { gates } = CELLS.GRU;
    const target = { layerClass: GRUCell, name: 'GRUCell', gates, readArgs: readCellArgs };
    return fromStateDict(target, stateDict, options);
  }

  /**
   * torch's call; it builds an unbuilt cell.
   *
   * @param x float32 `[B, I]`, or unbatched `[I]`. A tensor of unknown rank is taken for a batch by the types.
   * @param h the state before, `[B, H]` or `[H]`; zeros where absent.
   * @returns the state after, of the same shape, which is the output as well. The caller disposes it.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward<X extends Tensor>(x: X, h?: Tensor | null): CellTensor<X> {
    return this.runForward(x, [h])[0] as CellTensor<X>;
  }
}

serialization.registerClass(GRUCell);

/**
 * Makes a {@link GRUCell}, one step of `torch.nn.GRUCell`:
 *
 *     r, z = sigmoid(W_i? @ x + b_i? + W_h? @ h + b_h?)       reset, update
 *     n    = tanh(W_in @ x + b_in + r * (W_hn @ h + b_hn))    new
 *     h'   = (1 - z) * n + z * h
 *
 * The caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function gruCell(args: GRUCellArgs): GRUCell;
export function gruCell(...args: readonly unknown[]): GRUCell {
  return new GRUCell(namedArgs('GRUCell', args));
}
