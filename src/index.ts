// What registers something is imported here itself: bundlers drop it behind a module that nothing is used of.
import './kernels/index.js';
import './ops/fused.js';

export { FormatError, StateDictError, UnsupportedError } from './errors.js';
export { setThreads } from './kernels/host/set-threads.js';
export type { ModuleArgs } from './layers/args/module-args.js';
export { GRUCell, type GRUCellArgs, gruCell } from './layers/cells/gru-cell.js';
export {
  LSTMCell,
  type LSTMCellArgs,
  type LSTMCellInitialState,
  type LSTMCellState,
  lstmCell,
} from './layers/cells/lstm-cell.js';
export { RNNCell, type RNNCellArgs, rnnCell } from './layers/cells/rnn-cell.js';
export type { Lengths } from './layers/masks/lengths.js';
export type { RecurrentArgs } from './layers/recurrent/args.js';
export type { ForwardOptions, RecurrentCallArgs } from './layers/recurrent/call-args.js';
export { GRU, type GRUArgs, type GRUForwardOptions, gru } from './layers/recurrent/gru.js';
export { LSTM, type LSTMArgs, type LSTMForwardOptions, lstm } from './layers/recurrent/lstm.js';
export { RNN, type RNNArgs, type RNNForwardOptions, rnn } from './layers/recurrent/rnn.js';
export type { FromStateDictOptions } from './layers/weights/from-state-dict.js';
export type { OnWarnings } from './layers/weights/warnings.js';
export type { ModuleMap, ModulePaths } from './models/leaves.js';
export { type LoadOptions, type LoadReport, loadStateDict } from './models/load-state-dict.js';
export type { LayersByPath, LoadTarget } from './models/target.js';
export { type ToStateDictOptions, toStateDict } from './models/to-state-dict.js';
export { toTensor } from './models/to-tensor.js';
export { describeKernels, type KernelDescription } from './ops/describe-kernels.js';
export type { Implementation } from './ops/implementation.js';
export * from './state-dict/index.js';
export type { Nonlinearity } from './torch/cells.js';
