import { serialization, Tensor, type Tensor2D } from '@tensorflow/tfjs-core';
import { checkKeys, checkObject, message, show } from '../../check.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { CELLS } from '../../torch/cells.js';
import { readCellArgs } from '../../torch/layer-args.js';
import type { ModuleArgs } from '../args/module-args.js';
import { namedArgs } from '../args/positional.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import { type CellTensor, RecurrentCell } from './recurrent-cell.js';

/** Arguments of {@link LSTMCell}: those that every cell takes. */
export type LSTMCellArgs = ModuleArgs;

/** The states of an LSTM cell, each `[B, H]`, or `[H]` of an unbatched input. */
export interface LSTMCellState<T extends Tensor = Tensor2D> {
  readonly h: T;
  readonly c: T;
}

/** What an LSTM cell starts from: both, or none for zeros. */
export interface LSTMCellInitialState {
  readonly h?: Tensor | null | undefined;
  readonly c?: Tensor | null | undefined;
}

/**
 * One step of a long short-term memory, as `torch.nn.LSTMCell` computes it; the equations are those of {@link LSTM}.
 *
 * Weights carry torch's names: `weight_ih` `[4H, I]`, `weight_hh` `[4H, H]`, `bias_ih` and `bias_hh` `[4H]`, rows
 * i | f | g | o, each initialised U(-1/sqrt(H), 1/sqrt(H)).
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 */
export class LSTMCell extends RecurrentCell {
  /** The name in saved models. */
  static readonly className: string = 'TorchLSTMCell';

  /** @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value. */
  constructor(args: LSTMCellArgs) {
    super('LSTM', args);
  }

  /**
   * Makes a cell whose I, H and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'decoder.cell'`), beside the arguments that a state_dict does not hold.
   * @returns a built cell; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No cell is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<LSTMCellArgs> = {}): LSTMCell {
    const { gates } = CELLS.LSTM;
    const target = { layerClass: LSTMCell, name: 'LSTMCell', gates, readArgs: readCellArgs };
    return fromStateDict(target, stateDict, options);
  }

  /**
   * torch's call; it builds an unbuilt cell.
   *
   * @param x float32 `[B, I]`, or unbatched `[I]`. A tensor of unknown rank is taken for a batch by the types.
   * @param state `{ h, c }` before, each `[B, H]` or `[H]`, both or none; zeros where absent.
   * @returns `{ h, c }` after, of the same shapes; h is the output. The caller disposes both.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward<X extends Tensor>(x: X, state: LSTMCellInitialState | null = {}): LSTMCellState<CellTensor<X>> {
    const { h, c } = checkLSTMState(state);
    const [hNext, cNext] = this.runForward(x, [h, c]) as [CellTensor<X>, CellTensor<X>];
    return { h: hNext, c: cNext };
  }
}

function checkLSTMState(state: LSTMCellInitialState | null): LSTMCellInitialState {
  const where = 'LSTMCell.forward';
  if (state === null) return {};
  if (state instanceof Tensor || Array.isArray(state)) {
    const got = Array.isArray(state) ? show(state) : 'a tensor';
    throw new TypeError(
      message(where, 'state', 'an object { h, c }', got, 'Pass h and c by name: forward(x, { h, c })'),
    );
  }
  checkObject(where, 'state', state);
  checkKeys(where, state, ['h', 'c']);
  return state;
}

serialization.registerClass(LSTMCell);

/**
 * Makes an {@link LSTMCell}, one step of `torch.nn.LSTMCell`:
 *
 *     i, f, o = sigmoid(W_i? @ x + b_i? + W_h? @ h + b_h?)    input, forget, output
 *     g       = tanh(W_ig @ x + b_ig + W_hg @ h + b_hg)       cell
 *     c'      = f * c + i * g
 *     h'      = o * tanh(c')
 *
 * The caller disposes it, or the model that holds it.
 * @throws TypeError for an unknown argument or a wrong type, RangeError for a wrong value.
 */
export function lstmCell(args: LSTMCellArgs): LSTMCell;
export function lstmCell(...args: readonly unknown[]): LSTMCell {
  return new LSTMCell(namedArgs('LSTMCell', args));
}
