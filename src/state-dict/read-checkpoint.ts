/** From a file to a state_dict, whatever the format and the source: one way for all. */

import { message, show } from '../check.js';
import { type CheckpointPath, checkPath, chooseDict, type TensorNode, tensorsAt } from './choose/dict.js';
import { checkSelect, selectNames } from './choose/select.js';
import type { OpenedFile } from './formats/checkpoint.js';
import type { StateDictFormat } from './formats/detect.js';
import { decompressed } from './formats/gzip.js';
import { openCheckpoint } from './formats/open.js';
import { crc32Of } from './formats/zip/crc32.js';
import type { Reading } from './reading/reading.js';
import { bindTensors } from './tensors/bind.js';
import type { StateDict } from './tensors/tensor.js';

/** What was taken of a file. */
export interface ReadReport {
  readonly format: StateDictFormat;
  /** Keys from the root of the file to the dict that was taken; none for the root itself. */
  readonly path: CheckpointPath;
  /** How many tensors were read. */
  readonly tensors: number;
  /** What was left or read past, a sentence each. */
  readonly warnings: readonly string[];
  /** Names of classes and functions that a pickle mentions and this package does not know. None is ever called. */
  readonly unknownGlobals: readonly string[];
  /** `__metadata__` of a safetensors file that has one; of a model in several files that of the first. */
  readonly metadata?: ReadonlyMap<string, string>;
}

/** Which part of a file is read. */
export interface PartOptions {
  /**
   * Keys from the root of the file to the dict that is the state_dict: `['ema', 'model']`; `[]` is the root with all that
   * it holds. Left out, it is the only dict with tensors, optimizers aside.
   */
  readonly path?: CheckpointPath | undefined;
  /** Module paths whose tensors are read, such as `['encoder.gru']`. @default all */
  readonly select?: readonly string[] | undefined;
  /** Told once what was taken, when all of it is read. */
  readonly onReport?: ((report: ReadReport) => void) | undefined;
}

/** Takes the names of all tensors that were found, in the order of the file, and returns those to read. */
export type SelectNames = (names: readonly string[]) => readonly string[];

/** A file, and what is asked of it. */
export interface CheckpointRequest extends PartOptions {
  readonly where: string;
  /** How messages call the file. */
  readonly source: string;
  readonly file: OpenedFile;
  readonly format?: StateDictFormat;
  /** In place of `select`. */
  readonly selectNames?: SelectNames;
}

/** Opens a file, chooses its dict and tensors, and reads their elements. */
export function readCheckpoint(request: CheckpointRequest): Reading<StateDict> {
  return decompressed(request.file, (file) => readPlain({ ...request, file }));
}

function* readPlain(request: CheckpointRequest): Reading<StateDict> {
  const { file, select, onReport } = request;
  const { where, limits } = file;
  const checkpoint = yield* openCheckpoint(request.where, request.source, file, request.format);
  const path = chooseDict(where, checkpoint, request.path);
  const { tensors, warnings } = tensorsAt(where, checkpoint, path, limits);
  const found = [...tensors.keys()];
  const names = request.selectNames?.(found) ?? selectNames(where, found, select);
  const wanted = new Map(names.map((name) => [name, tensors.get(name) as TensorNode]));
  const stateDict = yield* bindTensors(wanted, {
    where,
    fileBytes: file.size,
    limits,
    crc32: crc32Of,
  });
  onReport?.({
    format: checkpoint.format,
    path,
    tensors: stateDict.size,
    warnings: [...checkpoint.warnings, ...warnings],
    unknownGlobals: checkpoint.unknownGlobals,
    ...(checkpoint.metadata?.size && { metadata: checkpoint.metadata }),
  });
  return stateDict;
}

/** The options above, as a caller gave them. */
export function checkPart(where: string, { path, select, onReport }: PartOptions): void {
  checkPath(where, path);
  checkSelect(where, select);
  checkFunction(where, 'onReport', onReport);
}

export function checkFunction(where: string, what: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'function')
    throw new TypeError(message(where, what, 'a function', show(value)));
}
