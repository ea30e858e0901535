// What registers something is imported here itself: bundlers drop it behind a module that nothing is used of.
import './kernels/index.js';
import './ops/fused.js';

export { FormatError, StateDictError, UnsupportedError } from './errors.js';
export { setNative } from './kernels/host/set-native.js';
export { setThreads } from './kernels/host/set-threads.js';
export type { LayerArgs, ModuleArgs } from './layers/args/module-args.js';
export { GRUCell, type GRUCellArgs, gruCell } from './layers/cells/gru-cell.js';
export {
  LSTMCell,
  type LSTMCellArgs,
  type LSTMCellInitialState,
  type LSTMCellState,
  lstmCell,
} from './layers/cells/lstm-cell.js';
export type { CellTensor } from './layers/cells/recurrent-cell.js';
export { RNNCell, type RNNCellArgs, rnnCell } from './layers/cells/rnn-cell.js';
export type { ConvArgs, ConvTransposeArgs } from './layers/conv/args.js';
export { ConvTranspose1d, convTranspose1d } from './layers/conv/conv-transpose1d.js';
export { ConvTranspose2d, convTranspose2d } from './layers/conv/conv-transpose2d.js';
export { Conv1d, conv1d } from './layers/conv/conv1d.js';
export { Conv2d, conv2d } from './layers/conv/conv2d.js';
export type { EmbeddingArgs } from './layers/embedding/args.js';
export { Embedding, embedding } from './layers/embedding/embedding.js';
export { LengthMask, type LengthMaskArgs, lengthMask } from './layers/masks/length-mask.js';
export type { Lengths } from './layers/masks/lengths.js';
export { BatchNorm, type BatchNormArgs, batchNorm } from './layers/norm/batch-norm.js';
export { GroupNorm, type GroupNormArgs, groupNorm } from './layers/norm/group-norm.js';
export { InstanceNorm1d, type InstanceNorm1dArgs, instanceNorm1d } from './layers/norm/instance-norm1d.js';
export { LastStep, lastStep } from './layers/pooling/last-step.js';
export { MaskedMean, maskedMean } from './layers/pooling/masked-mean.js';
export type { StepPoolingArgs, StepPoolingCallArgs } from './layers/pooling/step-pooling.js';
export type { RecurrentArgs } from './layers/recurrent/args.js';
export type { ForwardOptions, RecurrentCallArgs } from './layers/recurrent/call-args.js';
export { GRU, type GRUArgs, type GRUForwardOptions, gru } from './layers/recurrent/gru.js';
export { LSTM, type LSTMArgs, type LSTMForwardOptions, lstm } from './layers/recurrent/lstm.js';
export { RNN, type RNNArgs, type RNNForwardOptions, rnn } from './layers/recurrent/rnn.js';
export type { ResetOptions } from './layers/recurrent/states/reset-rows.js';
export type { FromStateDictOptions } from './layers/weights/from-state-dict.js';
export type { OnWarnings } from './layers/weights/warnings.js';
export type { ModuleMap, ModulePaths } from './models/leaves.js';
export { type LoadOptions, type LoadReport, loadStateDict } from './models/load-state-dict.js';
export type { TorchParameters } from './models/modules/custom.js';
export type { LayersByPath, LoadTarget } from './models/target.js';
export { type ToStateDictOptions, toStateDict } from './models/to-state-dict.js';
export { toTensor } from './models/to-tensor.js';
export type { Padding } from './nn/conv/window.js';
export type { DataFormat } from './nn/data-format.js';
export { describeKernels, type KernelDescription } from './ops/describe-kernels.js';
export type { Implementation } from './ops/implementation.js';
export * from './state-dict/index.js';
export type { Nonlinearity } from './torch/cells.js';
