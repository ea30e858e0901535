/** What convert does to the tensors: it shortens names and rounds floats. */

import { message, show, showFirst } from '../../check.js';
import { checkModulePath } from '../../state-dict/keys.js';
import { type FloatDtype, roundFloats } from '../../state-dict/tensors/round-floats.js';
import type { StateDict, TorchDtype, TorchTensor } from '../../state-dict/tensors/tensor.js';
import { plural } from '../table.js';

const WHERE = 'convert';

/**
 * The tensors without a module path at the front of their names. Others keep theirs.
 *
 * @throws RangeError where no name begins with it, or two tensors would get one name.
 */
export function renameAll(stateDict: StateDict, strip: string | undefined): StateDict {
  if (strip === undefined) return stateDict;
  checkModulePath(WHERE, '--strip', strip);
  const start = `${strip}.`;
  const renamed = new Map<string, TorchTensor>();
  let stripped = 0;
  for (const [name, tensor] of stateDict) {
    const isBelow = name.startsWith(start);
    if (isBelow) stripped++;
    const own = isBelow ? name.slice(start.length) : name;
    if (renamed.has(own)) {
      const remedy = `Leave out --strip, or take one part with --select ${strip}`;
      throw new RangeError(message(WHERE, `tensor ${show(own)}`, 'one of that name', 'two', remedy));
    }
    renamed.set(own, tensor);
  }
  if (stripped > 0) return renamed;
  const first = show([...stateDict.keys()].slice(0, 3));
  throw new RangeError(message(WHERE, '--strip', `names that begin with ${show(start)}`, `none in ${first}`));
}

export interface Rounding {
  readonly stateDict: StateDict;
  readonly overflows: ReadonlyMap<string, number>;
  /** Names of floats that were not rounded. */
  readonly left: readonly string[];
}

/** All tensors rounded to a dtype; as they are without one. */
export function roundAll(stateDict: StateDict, dtype: FloatDtype | undefined): Rounding {
  const overflows = new Map<string, number>();
  const left: string[] = [];
  if (dtype === undefined) return { stateDict, overflows, left };
  const rounded = new Map<string, TorchTensor>();
  for (const [name, tensor] of stateDict) {
    const result = roundFloats(WHERE, `tensor ${show(name)}`, tensor, dtype);
    rounded.set(name, result.tensor);
    if (result.tensor.dtype !== dtype && !isExact(tensor.dtype)) left.push(`${show(name)} (${tensor.dtype})`);
    if (result.overflows > 0) overflows.set(name, result.overflows);
  }
  return { stateDict: rounded, overflows, left };
}

/** Integers and booleans, which are never rounded. */
function isExact(dtype: TorchDtype): boolean {
  return /^([IU]\d+|BOOL)$/.test(dtype);
}

/** Sentences about values that were lost and tensors that were not rounded. */
export function roundingWarnings({ overflows, left }: Rounding): string[] {
  const warnings: string[] = [];
  if (overflows.size > 0) {
    const total = [...overflows.values()].reduce((sum, count) => sum + count, 0);
    const names = showFirst([...overflows], ([name, count]) => `${show(name)} (${count})`);
    const lost = `${plural(total, 'finite element')} became infinite`;
    warnings.push(`${lost}, beyond the range of the dtype: ${names}.`);
  }
  if (left.length > 0) {
    const names = showFirst(left, (name) => name);
    const rule = '--dtype rounds neither complex numbers nor floats of 8 bits and fewer';
    warnings.push(`Left as they are, since ${rule}: ${names}.`);
  }
  return warnings;
}
