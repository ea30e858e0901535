import type { Cell } from '../../../torch/cells.js';
import type { CellShader } from './cell.js';
import { gru } from './gru.js';
import { lstm } from './lstm.js';
import { rnn } from './rnn.js';

export const CELL_SHADERS: Readonly<Record<Cell, CellShader>> = {
  RNN_TANH: rnn('tanh_of(a)', 'dh * (1.0 - y * y)'),
  RNN_RELU: rnn('max(a, vec4<f32>())', 'select(dh, vec4<f32>(), y <= vec4<f32>())'),
  GRU: gru,
  LSTM: lstm,
};
