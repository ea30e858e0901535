/** From an open file to a state_dict, the same way for all formats and sources. */

import { message, show } from '../check.js';
import { UnsupportedError } from '../errors.js';
import { chooseDict, tensorsAt } from './choose/dict.js';
import type { PathWords } from './choose/path-words.js';
import { isAtOrBelow, selectNames } from './choose/select.js';
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
import { keepFacts } from './module-facts.js';
import type { PartOptions } from './options.js';
import type { Reading } from './reading/reading.js';
import { type About, type ReadReport, tell } from './report.js';
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
  /** How messages call the choice of a path. */
  readonly words?: PathWords | undefined;
  /** In place of `onReport` and the console. */
  readonly onRead?: ((report: ReadReport, lost: readonly string[]) => void) | undefined;
}

/** The tensors that are wanted of a file, none of them read. */
export interface OpenedCheckpoint {
  readonly wanted: ReadonlyMap<string, TensorNode>;
  readonly about: About;
  /** What was left out and may be weights, a sentence each. */
  readonly lost: readonly string[];
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
  const choice = chooseDict(file, checkpoint, options.path, options.words);
  const { path } = choice;
  const { tensors, ...chosen } = tensorsAt(file, checkpoint, path);
  refuseQuantised(checkpoint.format, chosen.quantised, options.select);
  const found = [...tensors.keys()];
  const names =
    options.selectNames?.(found, checkpoint.ties ?? new Map()) ??
    selectNames(file.where, found, options.select);
  const opened = yield* openArrays(checkpoint, names, tensors, withElements);
  const { format, metadata, unknownGlobals } = checkpoint;
  const lost = [...(checkpoint.lost ?? []), ...choice.lost, ...chosen.lost, ...opened.lost];
  const left = [...lost, ...choice.training, ...chosen.warnings];
  const warnings = [...checkpoint.warnings, ...left];
  const modules = [...chosen.modules].filter(
    ([module]) => options.select?.some((selected) => isAtOrBelow(module, selected)) ?? true,
  );
  const about = {
    ...{ format, path, unknownGlobals, warnings },
    ...(metadata?.size && { metadata }),
    ...(modules.length > 0 && { modules: new Map(modules) }),
  };
  return { wanted: opened.nodes, about, lost };
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
  if (unopened.size === 0 || !checkpoint.openArrays) return { nodes, lost: [] };
  return yield* checkpoint.openArrays(unopened, withElements);
}

/** A quantised module keeps packed weights, which no layer takes; the scales beside them are tensors and look like a state_dict. */
function refuseQuantised(
  format: StateDictFormat,
  modules: readonly string[],
  select: readonly string[] | undefined,
): void {
  const isWanted = (module: string): boolean =>
    select?.some((path) => isAtOrBelow(module, path) || isAtOrBelow(path, module)) ?? true;
  const module = modules.find(isWanted);
  if (module === undefined) return;
  const remedy =
    'Save the state_dict of the float model, before it is quantised: torch.save(model.state_dict(), "state_dict.pt")';
  const rule = 'one with plain weights';
  throw new UnsupportedError(
    message(format, `module ${show(module)}`, rule, 'one of a model of quantize_dynamic', remedy),
  );
}

/** Opens a file, chooses its dict and tensors, and reads their elements. */
export function readCheckpoint(file: UnopenedFile, options: Wanted): Reading<StateDict> {
  return withHead(file, function* (opened) {
    const { wanted, about, lost } = yield* openWanted(opened, options, true);
    const stateDict = yield* bindTensors(wanted, opened, about.format);
    keepFacts(stateDict, about.modules);
    const report = { ...about, tensors: stateDict.size };
    if (options.onRead) options.onRead(report, lost);
    else tell(file.where, report, lost, options.onReport);
    return stateDict;
  });
}
