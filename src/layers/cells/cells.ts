/** torch's recurrent cells: one step, for loops written by hand. */

import { serialization, Tensor } from '@tensorflow/tfjs-core';
import { checkKeys, checkObject, message, show } from '../../check.js';
import type { StateDict } from '../../state-dict/tensors/tensor.js';
import { type Nonlinearity, rnnCellOf } from '../../torch/cells.js';
import { readCellArgs } from '../../torch/layer-args.js';
import { type CellDescription, parseNonlinearity } from '../recurrent/args.js';
import { type FromStateDictOptions, fromStateDict } from '../weights/from-state-dict.js';
import type { RecurrentCellArgs } from './args.js';
import { RecurrentCell } from './recurrent-cell.js';

/** Arguments of {@link GRUCell}: exactly those every cell takes. */
export type GRUCellArgs = RecurrentCellArgs;

/** Arguments of {@link LSTMCell}: exactly those every cell takes. */
export type LSTMCellArgs = RecurrentCellArgs;

export interface RNNCellArgs extends RecurrentCellArgs {
  /** A state_dict does not hold it: pass it for a module made with `nonlinearity='relu'`. @default 'tanh' */
  readonly nonlinearity?: Nonlinearity | undefined;
}

/** The states of an LSTM cell, each `[B, H]`, or `[H]` of an unbatched input. */
export interface LSTMCellState {
  readonly h: Tensor;
  readonly c: Tensor;
}

/** What an LSTM cell starts from; zeros where absent. */
export interface LSTMCellInitialState {
  readonly h?: Tensor | null | undefined;
  readonly c?: Tensor | null | undefined;
}

const GRU_CELL: CellDescription = { where: 'GRUCell', gates: 3, stateNames: ['h'], ownArgs: [] };
const LSTM_CELL: CellDescription = { where: 'LSTMCell', gates: 4, stateNames: ['h', 'c'], ownArgs: [] };
const RNN_CELL: CellDescription = {
  where: 'RNNCell',
  gates: 1,
  stateNames: ['h'],
  ownArgs: ['nonlinearity'],
};

/**
 * One step of a gated recurrent unit, as `torch.nn.GRUCell` computes it; the equations are those of {@link GRU}.
 *
 * Weights carry torch's names: `weight_ih` `[3H, I]`, `weight_hh` `[3H, H]`, `bias_ih` and `bias_hh` `[3H]`, rows r | z | n.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
 */
export class GRUCell extends RecurrentCell {
  static readonly className: string = 'TorchGRUCell';

  constructor(args: GRUCellArgs) {
    super('GRU', GRU_CELL, args);
  }

  /**
   * Makes a cell whose I, H and bias are read off the keys and shapes of a state_dict, and loads it.
   *
   * @param options `prefix`, the module's path (`'decoder.cell'`), beside the arguments a state_dict does not hold.
   * @returns a built cell; the caller disposes it.
   * @throws StateDictError naming every missing, unexpected and misshapen key; RangeError for an argument that the
   * state_dict contradicts. No cell is built then.
   */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<GRUCellArgs> = {}): GRUCell {
    return fromStateDict(GRUCell, GRU_CELL.gates, readCellArgs, stateDict, options);
  }

  /**
   * torch's call.
   *
   * @param x float32 `[B, I]`, or unbatched `[I]`.
   * @param h the state before, `[B, H]` or `[H]`; zeros where absent.
   * @returns the state after, of the same shape, which is the output as well. The caller disposes it.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward(x: Tensor, h?: Tensor | null): Tensor {
    return this.runForward(x, [h])[0] as Tensor;
  }
}

/**
 * One step of a long short-term memory, as `torch.nn.LSTMCell` computes it; the equations are those of {@link LSTM}.
 *
 * Weights carry torch's names: `weight_ih` `[4H, I]`, `weight_hh` `[4H, H]`, `bias_ih` and `bias_hh` `[4H]`, rows
 * i | f | g | o.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
 */
export class LSTMCell extends RecurrentCell {
  static readonly className: string = 'TorchLSTMCell';

  constructor(args: LSTMCellArgs) {
    super('LSTM', LSTM_CELL, args);
  }

  /** As {@link GRUCell.fromStateDict}. */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<LSTMCellArgs> = {}): LSTMCell {
    return fromStateDict(LSTMCell, LSTM_CELL.gates, readCellArgs, stateDict, options);
  }

  /**
   * torch's call.
   *
   * @param x float32 `[B, I]`, or unbatched `[I]`.
   * @param state `{ h, c }` before, each `[B, H]` or `[H]`; zeros where absent.
   * @returns `{ h, c }` after, of the same shapes; h is the output. The caller disposes both.
   * @throws RangeError or TypeError naming the argument; UnsupportedError where the implementation cannot run.
   */
  forward(x: Tensor, state: LSTMCellInitialState | null = {}): LSTMCellState {
    const { h, c } = checkLSTMState(state);
    const [hNext, cNext] = this.runForward(x, [h, c]) as [Tensor, Tensor];
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

/**
 * One step of an Elman network, as `torch.nn.RNNCell` computes it; the equation is that of {@link RNN}.
 *
 * Weights carry torch's names: `weight_ih` `[H, I]`, `weight_hh` `[H, H]`, `bias_ih` and `bias_hh` `[H]`.
 *
 * @see https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
 */
export class RNNCell extends RecurrentCell {
  static readonly className: string = 'TorchRNNCell';

  /** The activation. */
  readonly nonlinearity: Nonlinearity;

  constructor(args: RNNCellArgs) {
    const nonlinearity = parseNonlinearity(RNN_CELL.where, args);
    super(rnnCellOf(nonlinearity), RNN_CELL, args);
    this.nonlinearity = nonlinearity;
  }

  /** As {@link GRUCell.fromStateDict}. */
  static fromStateDict(stateDict: StateDict, options: FromStateDictOptions<RNNCellArgs> = {}): RNNCell {
    return fromStateDict(RNNCell, RNN_CELL.gates, readCellArgs, stateDict, options);
  }

  /** torch's call, as {@link GRUCell.forward}. */
  forward(x: Tensor, h?: Tensor | null): Tensor {
    return this.runForward(x, [h])[0] as Tensor;
  }

  override getConfig(): serialization.ConfigDict {
    return { ...super.getConfig(), nonlinearity: this.nonlinearity };
  }
}

for (const cellClass of [GRUCell, LSTMCell, RNNCell]) serialization.registerClass(cellClass);

/** Makes a {@link GRUCell}. */
export function gruCell(args: GRUCellArgs): GRUCell {
  return new GRUCell(args);
}

/** Makes an {@link LSTMCell}. */
export function lstmCell(args: LSTMCellArgs): LSTMCell {
  return new LSTMCell(args);
}

/** Makes an {@link RNNCell}. */
export function rnnCell(args: RNNCellArgs): RNNCell {
  return new RNNCell(args);
}
