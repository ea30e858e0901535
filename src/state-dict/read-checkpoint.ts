/** From an open file to a state_dict, the same way for all formats and sources. */

import { chooseDict, tensorsAt } from './choose/dict.js';
import { selectNames } from './choose/select.js';
import type {
  Checkpoint,
  FoundTensor,
  InputFile,
  OpenedArrays,
  TensorNode,
  UnopenedFile,
} from './formats/checkpoint.js';
import type { StateDictFormat } from './formats/detect.js';
import { openCheckpoint, withHead } from './formats/open.js';
import type { Ties } from './formats/safetensors/ties.js';
import type { ZipEntry } from './formats/zip/directory.js';
import type { PartOptions } from './options.js';
import type { Reading } from './reading/reading.js';
import type { About } from './report.js';
import { bindTensors } from './tensors/bind.js';
import type { StateDict } from './tensors/tensor.js';

/** Which tensors of a file are wanted. */
export interface Wanted extends PartOptions {
  readonly format?: StateDictFormat | undefined;
  /**
   * In place of `select`: takes the names of all tensors of the file, in its order, and which of them stand for another, and
   * returns those to read.
   */
  readonly selectNames?: ((names: readonly string[], ties: Ties) => readonly string[]) | undefined;
}

/** The tensors that are wanted of a file, none of them read. */
export interface OpenedCheckpoint {
  readonly wanted: ReadonlyMap<string, TensorNode>;
  readonly about: About;
}

/**
 * Opens a file and chooses its dict and tensors.
 *
 * @param withElements  reads arrays whose headers stand between their elements whole, since the elements are wanted too.
 */
export function* openWanted(
  file: InputFile,
  options: Wanted,
  withElements: boolean,
): Reading<OpenedCheckpoint> {
  const checkpoint = yield* openCheckpoint(file, options.format);
  const path = chooseDict(file, checkpoint, options.path);
  const { tensors, warnings } = tensorsAt(file, checkpoint, path);
  const found = [...tensors.keys()];
  const names =
    options.selectNames?.(found, checkpoint.ties ?? new Map()) ??
    selectNames(file.where, found, options.select);
  const opened = yield* openArrays(checkpoint, names, tensors, withElements);
  const { format, metadata, unknownGlobals } = checkpoint;
  const told = [...checkpoint.warnings, ...warnings, ...opened.warnings];
  const about = { format, path, unknownGlobals, warnings: told };
  return { wanted: opened.nodes, about: metadata?.size ? { ...about, metadata } : about };
}

/** The wanted tensors, arrays opened. In a file with unopened arrays there is no other tensor. */
function* openArrays(
  checkpoint: Checkpoint,
  names: readonly string[],
  tensors: ReadonlyMap<string, FoundTensor>,
  withElements: boolean,
): Reading<OpenedArrays> {
  const nodes = new Map<string, TensorNode>();
  const unopened = new Map<string, ZipEntry>();
  for (const name of names) {
    const node = tensors.get(name) as FoundTensor;
    if (node.kind === 'unopened') unopened.set(name, node.entry);
    else nodes.set(name, node);
  }
  if (unopened.size === 0 || !checkpoint.openArrays) return { nodes, warnings: [] };
  return yield* checkpoint.openArrays(unopened, withElements);
}

/** Opens a file, chooses its dict and tensors, and reads their elements. */
export function readCheckpoint(file: UnopenedFile, options: Wanted): Reading<StateDict> {
  return withHead(file, function* (opened) {
    const { wanted, about } = yield* openWanted(opened, options, true);
    const stateDict = yield* bindTensors(wanted, opened, about.format);
    options.onReport?.({ ...about, tensors: stateDict.size });
    return stateDict;
  });
}
