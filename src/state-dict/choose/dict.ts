/** Chooses the dict of a checkpoint that is the state_dict, and lists its tensors. */

import { message, show, showFirst } from '../../check.js';
import type {
  Checkpoint,
  CheckpointDict,
  CheckpointNode,
  FoundTensor,
  UnopenedFile,
} from '../formats/checkpoint.js';
import { nodesReaching } from '../formats/reach.js';
import { joinPath } from '../keys.js';
import { formatError } from '../rules/format-codes.js';
import { tooManyTensors } from '../rules/limits.js';
import type { WorkBudget } from '../rules/work.js';

/** How a message names the option for a path; the command line calls it otherwise. */
export const AS_PATH = 'as path';

/** Keys from the root of a checkpoint to one of its dicts: `['ema', 'model']`. */
export type CheckpointPath = readonly string[];

export interface Chosen {
  readonly path: CheckpointPath;
  /** Dotted names below the path, in the order of the file. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** What was left out, a sentence each. */
  readonly warnings: readonly string[];
}

/** Keys of the state_dict in training checkpoints, beside other tensors (losses, the state of a generator). */
const STATE_DICT_KEYS = ['state_dict', 'model_state_dict', 'model'];

/** Keys of the state of a training, which may hold tensors but no weights. */
const TRAINING_KEYS = /^(optim|lr_?sched|sched|scaler|amp$|rng|loops$|callbacks$|hyper_parameters$)/i;

/** A graph with cycles has no deepest level, so the depth is limited. No module is nested half as deep. */
const MAX_NESTING = 128;

/**
 * Chooses the dict at `path`; without a path the dict with the weights: the root where it holds tensors itself, else its only
 * entry with tensors below, and so on. Dicts of an optimizer do not count, and a `state_dict`, `model_state_dict` or `model` with
 * tensors is preferred to loose tensors beside it.
 *
 * @throws RangeError where several dicts hold tensors, with the paths to choose from, or where none does.
 */
export function chooseDict(
  { where, work }: Pick<UnopenedFile, 'where' | 'work'>,
  { root }: Checkpoint,
  path: CheckpointPath | undefined,
): CheckpointPath {
  if (path !== undefined) {
    dictAt(where, root, path);
    return path;
  }
  // Numbers alone may be settings, so they count only where nothing else is there.
  const plain = dictsWithTensors(root, isPlainTensor, work);
  const holders = plain.has(root) ? plain : dictsWithTensors(root, isTensor, work);
  if (!holders.has(root)) return [];
  const counts = holders === plain ? isPlainTensor : isTensor;
  const taken: string[] = [];
  let dict = root;
  while (taken.length < MAX_NESTING) {
    // A dict that holds itself is met again.
    work.spend(dict.size);
    const candidates = candidatesIn(dict, holders);
    const only = candidates.length === 1 ? candidates[0] : undefined;
    const holdsSome = [...dict.values()].some(counts);
    if (holdsSome && !(only && STATE_DICT_KEYS.includes(only.key))) return taken;
    if (candidates.length > 1) throw severalDicts(where, taken, candidates);
    if (only === undefined) return taken;
    taken.push(only.key);
    dict = only.entries;
  }
  return taken;
}

interface Candidate {
  readonly key: string;
  readonly entries: CheckpointDict;
}

function candidatesIn(dict: CheckpointDict, holders: ReadonlySet<CheckpointDict>): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [key, node] of dict) {
    if (node.kind !== 'dict' || !holders.has(node.entries)) continue;
    if (!TRAINING_KEYS.test(key) && !isOptimizer(node.entries))
      candidates.push({ key, entries: node.entries });
  }
  return candidates;
}

/** Whether a dict is the result of `optimizer.state_dict()`. */
function isOptimizer(dict: CheckpointDict): boolean {
  return dict.has('state') && dict.has('param_groups');
}

const TENSOR_KINDS: readonly CheckpointNode['kind'][] = ['stored', 'loaded', 'refused', 'unopened'];

function isTensor(node: CheckpointNode): node is FoundTensor {
  return TENSOR_KINDS.includes(node.kind);
}

function isPlainTensor(node: CheckpointNode): boolean {
  return isTensor(node) && !(node.kind === 'loaded' && node.isBareScalar);
}

/** Every dict from which a tensor can be reached. */
function dictsWithTensors(
  root: CheckpointDict,
  counts: (node: CheckpointNode) => boolean,
  work: WorkBudget,
): ReadonlySet<CheckpointDict> {
  return nodesReaching(root, innerDicts, (dict) => [...dict.values()].some(counts), work);
}

function innerDicts(dict: CheckpointDict): CheckpointDict[] {
  return [...dict.values()].flatMap((node) => (node.kind === 'dict' ? [node.entries] : []));
}

function severalDicts(where: string, taken: CheckpointPath, candidates: readonly Candidate[]): RangeError {
  const paths = showFirst(candidates, ({ key }) => showPath([...taken, key]));
  const remedy = `Pass one of them ${AS_PATH}, or ${showPath(taken)} for all with longer names`;
  return new RangeError(message(where, 'file', 'one dict with tensors', `several: ${paths}`, remedy));
}

function dictAt(where: string, root: CheckpointDict, path: CheckpointPath): CheckpointDict {
  let dict = root;
  for (const [depth, key] of path.entries()) {
    const node = dict.get(key);
    if (node?.kind !== 'dict') {
      const keys = [...dict].filter(([, entry]) => entry.kind === 'dict').map(([name]) => name);
      const rule = `a dict at ${showPath(path.slice(0, depth + 1))}`;
      const remedy = keys.length > 0 ? `There are dicts at ${showFirst(keys, show)}` : undefined;
      throw new RangeError(message(where, 'path', rule, describeNode(node), remedy));
    }
    dict = node.entries;
  }
  return dict;
}

function describeNode(node: CheckpointNode | undefined): string {
  if (node === undefined) return 'nothing';
  return node.kind === 'other' ? node.text : 'a tensor';
}

/**
 * Lists the tensors of the dict at a path; those of the dicts below it have dotted names.
 *
 * @throws FormatError where two of them get one name, there are more than `maxTensors`, or their names are more work than the file
 *   may ask for; RangeError where there are none.
 */
export function tensorsAt(
  { where, limits: { maxTensors }, work }: Pick<UnopenedFile, 'where' | 'limits' | 'work'>,
  { root, format }: Checkpoint,
  path: CheckpointPath,
): Chosen {
  const chosen = dictAt(where, root, path);
  const tensors = new Map<string, FoundTensor>();
  const left: string[] = [];
  visitLeaves(format, chosen, work, (name, node) => {
    const tensor = asTensor(node);
    if (tensor === undefined) {
      left.push(name);
      return;
    }
    if (tensors.has(name)) {
      throw formatError('DUPLICATE_NAME', format, `tensor ${show(name)}`, 'one of that name', 'another');
    }
    if (tensors.size === maxTensors) throw tooManyTensors(format, 'file', maxTensors);
    tensors.set(name, tensor);
  });
  if (tensors.size === 0 && left.length > 0) {
    const what = path.length === 0 ? 'file' : `dict at ${showPath(path)}`;
    throw new RangeError(message(where, what, 'tensors', `none, but ${showFirst(left, show)}`));
  }
  const warnings =
    left.length > 0 ? [`Left out, because they are not tensors: ${showFirst(left, show)}.`] : [];
  return { path, tensors, warnings };
}

function asTensor(node: CheckpointNode): FoundTensor | undefined {
  if (isTensor(node)) return node;
  if (node.kind !== 'other' || node.error === undefined) return undefined;
  return { kind: 'refused', reason: node.text, error: node.error };
}

/**
 * Visits every node below a dict that is not a dict, with its dotted name. Dicts without any tensor are skipped.
 *
 * @param work  spent by the names. Dicts that refer to each other have a name for every path between them: a few dozen dicts have
 *   more names than can be listed.
 */
function visitLeaves(
  format: string,
  chosen: CheckpointDict,
  work: WorkBudget,
  onLeaf: (name: string, node: CheckpointNode) => void,
): void {
  const holders = dictsWithTensors(chosen, isTensor, work);
  // From the chosen dict to the current one: a dict inside itself holds nothing new.
  const open = new Set<CheckpointDict>();
  const visit = (dict: CheckpointDict, prefix: string): void => {
    if (open.size === MAX_NESTING) {
      throw formatError(
        'TOO_LARGE',
        format,
        'file',
        `at most ${MAX_NESTING} dicts inside each other`,
        'another',
      );
    }
    open.add(dict);
    for (const [key, node] of dict) {
      // Before the names are joined: strings have a longest length.
      work.spendName(prefix.length + key.length);
      const name = joinPath(prefix, key);
      if (node.kind !== 'dict') onLeaf(name, node);
      else if (holders.has(node.entries) && !open.has(node.entries)) visit(node.entries, name);
    }
    open.delete(dict);
  };
  visit(chosen, '');
}

/** As JSON, which the command line accepts too; long keys are cut. */
function showPath(path: CheckpointPath): string {
  return `[${path.map(show).join(',')}]`;
}
