import { serialization, type Tensor } from '@tensorflow/tfjs-core';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { CELLS, type Nonlinearity, rnnCellOf } from '../../torch/cells.js';
import { readCellArgs } from '../../torch/layer-args.js';
import { type ModuleArgs, parseNonlinearity } from '../args/module-args.js';
import { namedArgs } from '../args/positional.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import { type CellTensor, RecurrentCell } from './recurrent-cell.js';

/** Arguments of {@link RNNCell}. */
export interface RNNCellArgs extends ModuleArgs {
  /** A state_dict does not hold it: pass it for a module with `nonlinearity='relu'`. @default 'tanh' */
  readonly nonlinearity?: Nonlinearity | undefined;
}

/**
 * One step of an Elman network, as `torch.nn.RNNCell` computes it; the equation is that of {@link RNN}.
 *
 * Weights carry torch's names: `weight_ih` `[H, I]`, `weight_hh` `[H, H]`, `bias_ih` and `bias_hh` `[H]`, each
 * initialised U(-1/sqrt(H), 1/sqrt(H)).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 */
export class RNNCell extends RecurrentCell {
  /** The name in saved models. */
  static readonly className: string = 'TorchRNNCell';

  /** The activation. */
  readonly nonlinearity: Nonlinearity;

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: RNNCellArgs) {
    const nonlinearity = parseNonlinearity('RNNCell', args);
    super(rnnCellOf(nonlinearity), args);
    this.nonlinearity = nonlinearity;
  }

  /**
   * Makes a cell whose I, H and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'decoder.cell'`), beside the arguments that a state_dict does not hold.
   * @returns a built cell; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No cell is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<RNNCellArgs> = {}): RNNCell {
    const { gates } = CELLS.RNN_TANH;
    const target = { layerClass: RNNCell, name: 'RNNCell', gates, readArgs: readCellArgs };
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

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), nonlinearity: this.nonlinearity };
  }
}

serialization.registerClass(RNNCell);

/**
 * Makes an {@link RNNCell}, one step of `torch.nn.RNNCell`:
 *
 *     h' = nonlinearity(W_ih @ x + b_ih + W_hh @ h + b_hh)    tanh or relu
 *
 * The caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function rnnCell(args: RNNCellArgs): RNNCell;
export function rnnCell(...args: readonly unknown[]): RNNCell {
  return new RNNCell(namedArgs('RNNCell', args));
}
