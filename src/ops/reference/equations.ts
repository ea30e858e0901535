/** The equations of every cell. A new cell has a file beside this one, and its facts in torch/cells.ts. */

import type { Cell } from '../../torch/cells.js';
import type { CellStep } from './cell-step.js';
import { gruStep } from './gru.js';
import { lstmStep } from './lstm.js';
import { rnnReluStep, rnnTanhStep } from './rnn.js';

export const EQUATIONS: Readonly<Record<Cell, CellStep>> = {
  RNN_TANH: rnnTanhStep,
  RNN_RELU: rnnReluStep,
  GRU: gruStep,
  LSTM: lstmStep,
};
