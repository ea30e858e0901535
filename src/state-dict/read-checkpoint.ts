/** From an open file to a state_dict, the same way for all formats and sources. */

import { type CheckpointPath, chooseDict, type TensorNode, tensorsAt } from './choose/dict.js';
import { selectNames } from './choose/select.js';
import type { Checkpoint, InputFile } from './formats/checkpoint.js';
import type { StateDictFormat } from './formats/detect.js';
import { decompressed } from './formats/gzip.js';
import { openCheckpoint } from './formats/readers.js';
import { crc32Of } from './formats/zip/crc32.js';
import type { PartOptions } from './options.js';
import type { Reading } from './reading/reading.js';
import { bindTensors } from './tensors/bind.js';
import type { StateDict } from './tensors/tensor.js';

/** Takes the names of all tensors that were found, in the order of the file, and returns those to read. */
export type SelectNames = (names: readonly string[]) => readonly string[];

/** Which tensors of a file are wanted. */
export interface Wanted extends Pick<PartOptions, 'path' | 'select'> {
  /** The name of the file in messages. */
  readonly source: string;
  readonly format?: StateDictFormat | undefined;
  /** In place of `select`. */
  readonly selectNames?: SelectNames | undefined;
}

/** A file and what is asked of it. */
export interface CheckpointRequest extends PartOptions, Wanted {
  readonly where: string;
  readonly file: InputFile;
}

/** The tensors that are wanted of a file, none of them read. */
export interface OpenedCheckpoint {
  readonly path: CheckpointPath;
  readonly wanted: ReadonlyMap<string, TensorNode>;
  /** All but `tensors` of a report. */
  readonly about: Pick<Checkpoint, 'format' | 'metadata' | 'unknownGlobals' | 'warnings'>;
}

/** Opens a file and chooses its dict and tensors. */
export function* openWanted(where: string, file: InputFile, wanted: Wanted): Reading<OpenedCheckpoint> {
  const checkpoint = yield* openCheckpoint(where, wanted.source, file, wanted.format);
  const path = chooseDict(file.where, checkpoint, wanted.path);
  const { tensors, warnings } = tensorsAt(file.where, checkpoint, path, file.limits);
  const found = [...tensors.keys()];
  const names = wanted.selectNames?.(found) ?? selectNames(file.where, found, wanted.select);
  return {
    path,
    wanted: new Map(names.map((name) => [name, tensors.get(name) as TensorNode])),
    about: { ...checkpoint, warnings: [...checkpoint.warnings, ...warnings] },
  };
}

/** Opens a file, chooses its dict and tensors, and reads their elements. */
export function readCheckpoint(request: CheckpointRequest): Reading<StateDict> {
  return decompressed(request.file, (file) => readPlain({ ...request, file }));
}

function* readPlain(request: CheckpointRequest): Reading<StateDict> {
  const { file } = request;
  const { path, wanted, about } = yield* openWanted(request.where, file, request);
  const stateDict = yield* bindTensors(wanted, { ...file, fileBytes: file.size, crc32: crc32Of });
  request.onReport?.({
    format: about.format,
    path,
    tensors: stateDict.size,
    warnings: about.warnings,
    unknownGlobals: about.unknownGlobals,
    ...(about.metadata?.size && { metadata: about.metadata }),
  });
  return stateDict;
}
