/** `tfjs-torch-rnn/program`: whole models from `torch.export.save`. Importing it registers the class of their layer. */

// What registers something is imported here itself: bundlers drop it behind a module that nothing is used of.
import '../kernels/index.js';
import '../kernels/webgl/tensor-scatter-update.js';
import '../ops/fused.js';

export type { Constant } from './graph/types.js';
export type { ProgramCall, ProgramInput, ProgramOutput } from './layer/describe.js';
export {
  type ProgramCallArgs,
  type ProgramForwardOptions,
  TorchProgram,
  type TorchProgramArgs,
  type TrainFlags,
} from './layer/torch-program.js';
export type { Call as OpCall, OpFunction, Value as OpValue } from './ops/types.js';
export { type ReadProgramOptions, readExportedProgram } from './read-exported-program.js';
export { registerOp } from './register-op.js';
