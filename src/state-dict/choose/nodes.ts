/** Which nodes of a checkpoint count as tensors, and which dicts hold some. */

import { show } from '../../check.js';
import type { CheckpointDict, CheckpointNode, FoundTensor } from '../formats/checkpoint.js';
import { nodesReaching } from '../formats/reach.js';
import type { WorkBudget } from '../rules/work.js';

/** Entries that are looked at in the time of a step. */
const ENTRIES_PER_STEP = 32;

export type Counts = (node: CheckpointNode) => boolean;

const TENSOR_KINDS: readonly CheckpointNode['kind'][] = ['stored', 'loaded', 'refused', 'unopened'];

export function isTensor(node: CheckpointNode): node is FoundTensor {
  return TENSOR_KINDS.includes(node.kind);
}

/** Without numbers that may be settings, and objects around a tensor, such as an optimizer. */
export function isPlainTensor(node: CheckpointNode): boolean {
  if (node.kind === 'refused') return !node.isObject;
  return isTensor(node) && !('isBareScalar' in node && node.isBareScalar);
}

/** A list of numbers, which counts where a file has no tensors. */
export function isNumbers(node: CheckpointNode): boolean {
  return node.kind === 'numbers';
}

/** Every dict from which a node that counts can be reached. */
export function dictsWith(
  root: CheckpointDict,
  counts: Counts,
  work: WorkBudget,
): ReadonlySet<CheckpointDict> {
  const holds = (dict: CheckpointDict): boolean => {
    work.spend(dict.size / ENTRIES_PER_STEP);
    return [...dict.values()].some(counts);
  };
  return nodesReaching(root, innerDicts, holds, work);
}

function innerDicts(dict: CheckpointDict): CheckpointDict[] {
  return [...dict.values()].flatMap((node) => (node.kind === 'dict' ? [node.entries] : []));
}

/** As JSON, which the command line accepts too; long keys are cut. */
export function showPath(path: readonly string[]): string {
  return `[${path.map(show).join(',')}]`;
}
