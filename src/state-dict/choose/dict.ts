/** Chooses the dict of a checkpoint that is the state_dict, and lists its tensors. */

import { message, show, showFirst } from '../../check.js';
import type {
  Checkpoint,
  CheckpointDict,
  CheckpointNode,
  FoundTensor,
  TensorNode,
  UnopenedFile,
} from '../formats/checkpoint.js';
import { joinPath, lastPart } from '../keys.js';
import type { FactsByPath, ModuleFacts } from '../module-facts.js';
import { formatError } from '../rules/format-codes.js';
import { tooManyTensors } from '../rules/limits.js';
import type { WorkBudget } from '../rules/work.js';
import { type Holders, holdersIn, type LeftOut, leftBeside } from './left-out.js';
import { type Counts, dictsWith, isNumbers, isPlainTensor, isTensor, showPath } from './nodes.js';
import { OPTION_WORDS, type PathWords } from './path-words.js';
import { isOptimizer, isTrainingDict } from './training.js';

/** Keys from the root of a checkpoint to one of its dicts: `['ema', 'model']`. */
export type CheckpointPath = readonly string[];

export interface Chosen {
  readonly path: CheckpointPath;
  /** Dotted names below the path, in the order of the file. */
  readonly tensors: ReadonlyMap<string, FoundTensor>;
  /** What was left out, a sentence each. */
  readonly warnings: readonly string[];
  /** Those that tell of what may be weights. */
  readonly lost: readonly string[];
  /** Modules with packed weights, which `quantize_dynamic` makes. */
  readonly quantised: readonly string[];
  /** What the file tells of whole modules, by their paths below the path. */
  readonly modules: FactsByPath;
}

/** A dict of a checkpoint, and what is left out beside it. */
export interface Choice extends LeftOut {
  readonly path: CheckpointPath;
}

/** Keys of the state_dict in training checkpoints, beside other tensors (losses, the state of a generator). */
const STATE_DICT_KEYS = ['state_dict', 'model_state_dict', 'model'];

/** A graph with cycles has no deepest level, so the depth is limited. No module is nested half as deep. */
const MAX_NESTING = 128;

/**
 * Chooses the dict at `path`; without a path the dict with the weights: the root where it holds tensors itself, else its only
 * entry with tensors below, and so on, down to a whole module. Dicts of an optimizer do not count, and a `state_dict`, `model_state_dict` or `model` with
 * tensors is preferred to loose tensors beside it.
 *
 * @param words  how messages call the choice of a path.
 * @throws RangeError where several dicts hold tensors, with the paths to choose from, or none but those of optimizers.
 */
export function chooseDict(
  { where, work }: Pick<UnopenedFile, 'where' | 'work'>,
  { root, modules }: Checkpoint,
  path: CheckpointPath | undefined,
  words: PathWords = OPTION_WORDS,
): Choice {
  if (path !== undefined) {
    dictAt(where, root, path);
    return { path, lost: [], training: [] };
  }
  // Numbers alone may be settings, so they count only where nothing else is there.
  let holders: ReadonlySet<CheckpointDict> = new Set();
  const counts = [isPlainTensor, isTensor, isNumbers].find((each) => {
    holders = dictsWith(root, each, work);
    return holders.has(root);
  });
  if (isOptimizer(root)) throw optimizerAlone(where);
  if (counts === undefined) return { path: [], lost: [], training: [] };
  const left: LeftOut[] = [];
  let holdersLeft: Holders | undefined;
  const taken: string[] = [];
  let dict = root;
  while (taken.length < MAX_NESTING && !modules?.has(dict)) {
    // A dict that holds itself is met again.
    work.spend(dict.size);
    const candidates = candidatesIn(dict, holders);
    const only = candidates.length === 1 ? candidates[0] : undefined;
    const holdsSome = [...dict.values()].some(counts);
    if (holdsSome && !(only && STATE_DICT_KEYS.includes(only.key))) break;
    if (candidates.length > 1) throw severalDicts(where, taken, candidates, words);
    if (only === undefined && !holdsSome && holdsOptimizersAlone(dict, holders)) throw optimizerAlone(where);
    if (only === undefined) break;
    holdersLeft ??= holdersIn(root, work);
    left.push(leftBeside(taken, only.key, dict, holdersLeft, words));
    taken.push(only.key);
    dict = only.entries;
  }
  const join = (kind: keyof LeftOut): string[] => left.flatMap((each) => each[kind]);
  return { path: taken, lost: join('lost'), training: join('training') };
}

/** An optimizer has tensors of the shapes of weights, under numbers. */
function optimizerAlone(where: string): RangeError {
  const remedy = 'In Python, save that of the model: torch.save(model.state_dict(), "state_dict.pt")';
  return new RangeError(message(where, 'file', 'the state_dict of a model', 'that of an optimizer', remedy));
}

function holdsOptimizersAlone(dict: CheckpointDict, holders: ReadonlySet<CheckpointDict>): boolean {
  const dicts = [...dict.values()].flatMap((node) => (node.kind === 'dict' ? [node.entries] : []));
  const inside = dicts.filter((entries) => holders.has(entries));
  return inside.length > 0 && inside.every(isOptimizer);
}

interface Candidate {
  readonly key: string;
  readonly entries: CheckpointDict;
}

function candidatesIn(dict: CheckpointDict, holders: ReadonlySet<CheckpointDict>): Candidate[] {
  const candidates: Candidate[] = [];
  for (const [key, node] of dict) {
    if (node.kind !== 'dict' || !holders.has(node.entries)) continue;
    if (!isTrainingDict(key, node.entries)) candidates.push({ key, entries: node.entries });
  }
  return candidates;
}

function severalDicts(
  where: string,
  taken: CheckpointPath,
  candidates: readonly Candidate[],
  { name }: PathWords,
): RangeError {
  const paths = showFirst(candidates, ({ key }) => showPath([...taken, key]));
  const remedy = `Pass one of them as ${name}, or ${showPath(taken)} for all with longer names`;
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

/** Numbers that are meant as weights have more than one dimension, or such a name. */
const WEIGHT_NAME = /weight|bias|kernel|running_(mean|var)/i;

/** What modules with packed weights have in a state_dict; the first part is the name of the module. */
const PACKED =
  /^(?:(.*)\.)?(?:_packed_params\.(?:_packed_params|dtype)|_all_weight_values\.\d+\.param|_packed_weight_[ih]h)(?:\.|$)/;

/**
 * Lists the tensors of the dict at a path; those of the dicts below it have dotted names. Where it has none, lists of numbers are
 * tensors.
 *
 * @throws FormatError where two of them get one name, there are more than `maxTensors`, or their names are more work than the file
 *   may ask for; RangeError where there are none.
 */
export function tensorsAt(
  { where, limits: { maxTensors }, work }: Pick<UnopenedFile, 'where' | 'limits' | 'work'>,
  { root, format, modules }: Checkpoint,
  path: CheckpointPath,
): Chosen {
  const chosen = dictAt(where, root, path);
  const tensors = new Map<string, FoundTensor>();
  const left: string[] = [];
  const numbers: string[] = [];
  const quantised = new Set<string>();
  const holds = (each: Counts): boolean => dictsWith(chosen, each, work).has(chosen);
  const takesNumbers = !holds(isTensor) && holds(isNumbers);
  const counts: Counts = takesNumbers ? isNumbers : isTensor;
  const facts = new Map<string, ModuleFacts>();
  const onDict = (name: string, dict: CheckpointDict): void => {
    const own = modules?.get(dict);
    // A name with a dot in it may be the path of another module.
    if (own && !facts.has(name)) facts.set(name, own);
  };
  visitDicts(format, chosen, counts, work, onDict, (name, node) => {
    const module = PACKED.exec(name);
    if (module) quantised.add(module[1] ?? '');
    const tensor = asTensor(node, takesNumbers);
    if (tensor === undefined) {
      (isMeantAsTensor(name, node) ? numbers : left).push(name);
      return;
    }
    if (tensors.has(name)) {
      throw formatError('DUPLICATE_NAME', format, `tensor ${show(name)}`, 'one of that name', 'another');
    }
    if (tensors.size === maxTensors) throw tooManyTensors(format, 'file', maxTensors);
    tensors.set(name, tensor);
  });
  if (tensors.size === 0 && chosen.size > 0) {
    const what = path.length === 0 ? 'file' : `dict at ${showPath(path)}`;
    const keys = left.length > 0 ? left : [...chosen.keys()];
    throw new RangeError(message(where, what, 'tensors', `none, but ${showFirst(keys, show)}`));
  }
  const lost = numbers.length > 0 ? [lostNumbers(numbers)] : [];
  const warnings =
    left.length > 0 ? [`Left out, because they are not tensors: ${showFirst(left, show)}.`] : [];
  return { path, tensors, warnings, lost, quantised: [...quantised], modules: facts };
}

function lostNumbers(names: readonly string[]): string {
  const python = 'save torch.tensor(x) in their place to have them';
  return `Left out, because they are lists of numbers: ${showFirst(names, show)}. In Python, ${python}.`;
}

function isMeantAsTensor(name: string, node: CheckpointNode): boolean {
  return node.kind === 'numbers' && (node.tensor.shape.length > 1 || WEIGHT_NAME.test(lastPart(name)));
}

/** @param takesNumbers  whether the numbers of a pickle are tensors. */
function asTensor(node: CheckpointNode, takesNumbers: boolean): FoundTensor | undefined {
  if (isTensor(node)) return node;
  if (node.kind === 'numbers' && takesNumbers)
    return { kind: 'loaded', tensor: node.tensor, read: () => node.read() };
  if (node.kind !== 'other') return undefined;
  if (node.number !== undefined && takesNumbers) return scalarNode(node.number);
  return node.error && { kind: 'refused', reason: node.text, error: node.error };
}

function scalarNode(value: number | boolean): TensorNode {
  const isBoolean = typeof value === 'boolean';
  return {
    kind: 'loaded',
    tensor: { dtype: isBoolean ? 'BOOL' : 'F32', shape: [] },
    read: () => (isBoolean ? Uint8Array.of(Number(value)) : Float32Array.of(value)),
  };
}

/**
 * Visits a dict, and every node below it, with its dotted name. What is in a dict without anything that counts is skipped.
 *
 * @param work  spent by the names. Dicts that refer to each other have a name for every path between them: a few dozen dicts have
 *   more names than can be listed.
 */
function visitDicts(
  format: string,
  chosen: CheckpointDict,
  counts: Counts,
  work: WorkBudget,
  onDict: (name: string, dict: CheckpointDict) => void,
  onLeaf: (name: string, node: CheckpointNode) => void,
): void {
  const holders = dictsWith(chosen, counts, work);
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
      if (node.kind !== 'dict') {
        onLeaf(name, node);
        continue;
      }
      onDict(name, node.entries);
      if (holders.has(node.entries) && !open.has(node.entries)) visit(node.entries, name);
    }
    open.delete(dict);
  };
  onDict('', chosen);
  visit(chosen, '');
}
