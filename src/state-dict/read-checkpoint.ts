/** From an open file to a state_dict, the same way for all formats and sources. */

import { type CheckpointPath, chooseDict, type TensorNode, tensorsAt } from './choose/dict.js';
import { selectNames } from './choose/select.js';
import type { Checkpoint, InputFile, UnopenedFile } from './formats/checkpoint.js';
import type { StateDictFormat } from './formats/detect.js';
import { openCheckpoint, withHead } from './formats/open.js';
import type { PartOptions } from './options.js';
import type { Reading } from './reading/reading.js';
import { bindTensors } from './tensors/bind.js';
import type { StateDict } from './tensors/tensor.js';

/** Which tensors of a file are wanted. */
export interface Wanted extends PartOptions {
  readonly format?: StateDictFormat | undefined;
  /** In place of `select`: takes the names of all tensors of the file, in its order, and returns those to read. */
  readonly selectNames?: ((names: readonly string[]) => readonly string[]) | undefined;
}

/** The tensors that are wanted of a file, none of them read. */
export interface OpenedCheckpoint {
  readonly path: CheckpointPath;
  readonly wanted: ReadonlyMap<string, TensorNode>;
  /** All but `tensors` of a report. */
  readonly about: Pick<Checkpoint, 'format' | 'metadata' | 'unknownGlobals' | 'warnings'>;
}

/** Opens a file and chooses its dict and tensors. */
export function* openWanted(file: InputFile, options: Wanted): Reading<OpenedCheckpoint> {
  const checkpoint = yield* openCheckpoint(file, options.format);
  const path = chooseDict(file.where, checkpoint, options.path);
  const { tensors, warnings } = tensorsAt(file.where, checkpoint, path, file.limits);
  const found = [...tensors.keys()];
  const names = options.selectNames?.(found) ?? selectNames(file.where, found, options.select);
  return {
    path,
    wanted: new Map(names.map((name) => [name, tensors.get(name) as TensorNode])),
    about: { ...checkpoint, warnings: [...checkpoint.warnings, ...warnings] },
  };
}

/** Opens a file, chooses its dict and tensors, and reads their elements. */
export function readCheckpoint(file: UnopenedFile, options: Wanted): Reading<StateDict> {
  return withHead(file, function* (opened) {
    const { path, wanted, about } = yield* openWanted(opened, options);
    const { format, metadata, warnings, unknownGlobals } = about;
    const stateDict = yield* bindTensors(wanted, opened, format);
    const tensors = stateDict.size;
    options.onReport?.({
      format,
      path,
      tensors,
      warnings,
      unknownGlobals,
      ...(metadata?.size && { metadata }),
    });
    return stateDict;
  });
}
