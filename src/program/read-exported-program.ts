import { getBackend } from '@tensorflow/tfjs-core';
import { checkKeys } from '../check.js';
import { buildLayer } from '../layers/weights/build.js';
import { checkOnWarnings, type OnWarnings, tellWarnings } from '../layers/weights/warnings.js';
import { checkReadOptions, type ReadOptions } from '../state-dict/options.js';
import { resolveLimits } from '../state-dict/rules/limits.js';
import { locate, type StateDictSource } from '../state-dict/sources/locate.js';
import { runSource } from '../state-dict/sources/read-source.js';
import { requireLittleEndian } from '../state-dict/tensors/bytes.js';
import { usesDevice } from '../tfjs-internals/backends.js';
import { openProgram, type ProgramFile } from './archive/archive.js';
import { refuseOtherFiles } from './archive/other-files.js';
import { saveProgram } from './layer/saved-program.js';
import { TorchProgram, type TrainFlags } from './layer/torch-program.js';
import { int64Calls } from './run/int64-calls.js';
import { describeNode } from './run/plan.js';

const WHERE = 'readExportedProgram';

/** Options of `readExportedProgram`: those of `readStateDict` about a file, and what the layer is to be. */
export interface ReadProgramOptions extends Omit<ReadOptions, 'format' | 'path' | 'select' | 'onReport'> {
  /** The name of the layer. @default torch_program and a number */
  readonly name?: string | undefined;
  /**
   * Whether calls that were exported for training follow tf.layers' `training` (on in `fit`, off in `predict` and `forward`), or always
   * run as they were exported. Those exported with `model.eval()` never train. @default 'follow'
   */
  readonly trainFlags?: TrainFlags | undefined;
  /** Takes what may make the results differ from PyTorch's. @default prints with `console.warn` */
  readonly onWarnings?: OnWarnings | undefined;
}

/**
 * Reads a program that `torch.export.save` wrote, from a path, URL, `ArrayBuffer`, `Uint8Array`, `Blob`, `File` or `Response`, as a layer of
 * tf.layers with the model's weights.
 *
 * Recurrent modules run on the fused kernels, everything else on ops of tf. Nothing in the file is evaluated.
 *
 * @returns a built layer; the caller disposes it.
 * @throws FormatError when the file is malformed; `code` names the kind of fault, the message also the path or URL.
 * @throws UnsupportedError with every op that is missing, how often it occurs and where; for other versions of the file, quantised models,
 *   and dtypes that tfjs has not.
 * @throws Error when the source cannot be read (no such file, status 404) or changes meanwhile, with its path or URL.
 * @throws TypeError or RangeError for a wrong argument; RangeError for an integer that int32 does not hold, or where a limit on memory is
 *   exceeded.
 * @see https://docs.pytorch.org/docs/stable/export.html
 */
export async function readExportedProgram(
  source: StateDictSource,
  options: ReadProgramOptions = {},
): Promise<TorchProgram> {
  checkKeys(WHERE, options, OPTIONS, { select: 'A program is read whole', path: 'A file holds one program' });
  const { name, trainFlags, onWarnings, ...reading } = options;
  checkReadOptions(WHERE, reading);
  checkOnWarnings(WHERE, onWarnings);
  requireLittleEndian(WHERE);
  const limits = resolveLimits(WHERE, options.limits);
  options.signal?.throwIfAborted();
  const file = await runSource(locate(WHERE, source), { ...reading, limits }, false, function* (opened) {
    yield* refuseOtherFiles(opened);
    return yield* openProgram(opened);
  });
  const { maxTensorBytes } = limits;
  const args = { ...saveProgram(file.graphText, file.ties), name, trainFlags, maxTensorBytes };
  const program = new TorchProgram(args, file);
  buildLayer(program, program.name, []);
  tellWarnings(WHERE, [...roundingWarnings(file), ...int64Warnings(file)], onWarnings);
  return program;
}

const OPTIONS: readonly (keyof ReadProgramOptions)[] = [
  'name',
  'trainFlags',
  'onWarnings',
  'limits',
  'signal',
  'onProgress',
  'sha256',
  'headers',
  'fetch',
];

function roundingWarnings({ tensors }: ProgramFile): string[] {
  const doubles = [...tensors].filter(([, { dtype }]) => dtype === 'F64');
  if (doubles.length === 0) return [];
  const [name] = doubles[0] as [string, unknown];
  const others = doubles.length > 1 ? ` and ${doubles.length - 1} others` : '';
  return [`The program computes in float64 ("${name}"${others}), and here in float32.`];
}

/** Where the values of results are not on the host, nothing tells which of them int32 does not hold. */
function int64Warnings({ program }: ProgramFile): string[] {
  const [first, ...others] = usesDevice() ? int64Calls(program) : [];
  if (first === undefined) return [];
  const more = others.length > 0 ? ` and ${others.length} others` : '';
  return [
    `The program computes in int64 (${describeNode(first)}${more}), and here in int32: ${getBackend()} does not tell of results beyond it, as cpu and wasm do.`,
  ];
}
