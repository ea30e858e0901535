/** Sentences about the tensors that a reader leaves out, and how to get them. */

import { show, showFirst } from '../../check.js';
import type { CheckpointDict, CheckpointNode } from '../formats/checkpoint.js';
import type { WorkBudget } from '../rules/work.js';
import { type Counts, dictsWith, isNumbers, isTensor, showPath } from './nodes.js';
import type { PathWords } from './path-words.js';
import { isSurelyTraining } from './training.js';

export interface LeftOut {
  /** What may be weights: a caller who takes no report is told by the console. */
  readonly lost: readonly string[];
  /** Settings and the state of a training, which are left out as a rule. */
  readonly training: readonly string[];
}

/** The dicts of a file that hold what may be left out, found once for all that is. */
export interface Holders {
  readonly weights: ReadonlySet<CheckpointDict>;
  readonly numbers: ReadonlySet<CheckpointDict>;
}

export function holdersIn(root: CheckpointDict, work: WorkBudget): Holders {
  return { weights: dictsWith(root, isWeight, work), numbers: dictsWith(root, isNumbers, work) };
}

/**
 * The tensors beside a dict that was chosen, and the lists of numbers.
 *
 * @param around  the path of the dict around it, and `entries` what that holds.
 */
export function leftBeside(
  around: readonly string[],
  chosen: string,
  entries: CheckpointDict,
  { weights, numbers }: Holders,
  words: PathWords,
): LeftOut {
  const others = [...entries].filter(([key]) => key !== chosen);
  const lost: Named[] = [];
  const training: Named[] = [];
  for (const [key, node] of others) {
    const isWeights = holds(node, isWeight, weights);
    if (isWeights && !isSurelyTraining(key, node)) lost.push([key, node]);
    else if (isWeights || holds(node, isNumbers, numbers)) training.push([key, node]);
  }
  const hasObject = others.some(([, node]) => node.kind === 'refused');
  const sentences = (reason: string, nodes: readonly Named[], ways: string): string[] => {
    if (nodes.length === 0) return [];
    const what = showFirst(nodes, ([key, node]) => `${kindOf(node)} ${show(key)}`);
    return [`Left out beside ${showPath([...around, chosen])}${reason}: ${what}.${ways}`];
  };
  return {
    lost: sentences('', lost, remedy(around, lost, hasObject, words)),
    training: sentences(', as settings or the state of a training', training, ''),
  };
}

function holds(node: CheckpointNode, counts: Counts, holders: ReadonlySet<CheckpointDict>): boolean {
  return node.kind === 'dict' ? holders.has(node.entries) : counts(node);
}

type Named = readonly [key: string, node: CheckpointNode];

function isWeight(node: CheckpointNode): boolean {
  return isTensor(node) && !isScalar(node);
}

/** A number of JSON text or NumPy's, which is a setting like any other. */
function isScalar(node: CheckpointNode): boolean {
  return (node.kind === 'stored' || node.kind === 'loaded') && node.isBareScalar === true;
}

function kindOf(node: CheckpointNode): string {
  if (node.kind === 'dict') return 'dict';
  if (node.kind === 'numbers') return 'list';
  return node.kind === 'refused' && node.isObject ? 'object' : 'tensor';
}

/** @param hasObject  whether something beside the dict cannot be read, so that reading all would fail. */
function remedy(
  around: readonly string[],
  nodes: readonly Named[],
  hasObject: boolean,
  { way }: PathWords,
): string {
  const [dict] = nodes.find(([, { kind }]) => kind === 'dict') ?? [];
  const [tensor] = nodes.find(([, node]) => kindOf(node) === 'tensor') ?? [];
  const ways: string[] = [];
  const add = (how: string | undefined, what: string): void => {
    if (how !== undefined) ways.push(`${how} ${what}`);
  };
  if (dict !== undefined) add(way([...around, dict]), 'reads the dict');
  if (tensor !== undefined && hasObject) add(way(around, tensor), 'the tensor');
  else if (tensor !== undefined || (dict !== undefined && !hasObject))
    add(way(around), 'reads all, with longer names');
  return ways.length > 0 ? ` ${ways.join(', ')}.` : '';
}
