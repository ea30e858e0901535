/** All ops, by target. */

import { broadcast, type Count, countOf } from './calls/made.js';
import { parseSignature, type Signature } from './calls/schema.js';
import { COPIES } from './creation/copies.js';
import { CREATION } from './creation/creation.js';
import { RANDOM } from './creation/random.js';
import { WINDOWS } from './creation/windows.js';
import { COUNTING } from './indexing/counting.js';
import { INDEXING } from './indexing/indexing.js';
import { SORTING } from './indexing/sorting.js';
import { WRITING } from './indexing/writing.js';
import { CONV } from './linear/conv.js';
import { LINEAR } from './linear/linear.js';
import { LOSSES } from './losses/losses.js';
import { ATTENTION } from './modules/attention.js';
import { NORM } from './modules/norm.js';
import { RECURRENT } from './modules/recurrent.js';
import { ACTIVATIONS } from './pointwise/activations.js';
import { ARITHMETIC } from './pointwise/arithmetic.js';
import { COMPARISONS } from './pointwise/comparisons.js';
import { ELEMENTARY } from './pointwise/elementary.js';
import { SPECIAL } from './pointwise/special.js';
import { POOLING } from './pooling/pooling.js';
import { REDUCTIONS } from './reductions/reductions.js';
import { JOINING } from './shapes/joining.js';
import { SHAPE } from './shapes/shape.js';
import type { OpFunction } from './types.js';

export interface Op {
  readonly signature: Signature;
  readonly run: OpFunction;
  /** How many elements a call makes, where that may be more than it gets. */
  readonly count?: Count | undefined;
  /** Whether a user has taught it: its errors are theirs. */
  readonly isTaught?: boolean;
}

/** Families of ops: torch's signature and the function. A new op is a line in one of them, and a row of its test. */
export const FAMILIES: readonly Readonly<Record<string, OpFunction>>[] = [
  ARITHMETIC,
  ELEMENTARY,
  SPECIAL,
  COMPARISONS,
  ACTIVATIONS,
  CREATION,
  WINDOWS,
  COPIES,
  RANDOM,
  SHAPE,
  JOINING,
  INDEXING,
  WRITING,
  SORTING,
  COUNTING,
  REDUCTIONS,
  LINEAR,
  CONV,
  POOLING,
  NORM,
  ATTENTION,
  LOSSES,
  RECURRENT,
];

/** Families whose ops broadcast their operands. */
const BROADCASTING: ReadonlySet<(typeof FAMILIES)[number]> = new Set([ARITHMETIC, SPECIAL, COMPARISONS]);

const TABLE = new Map<string, Op>(
  FAMILIES.flatMap((family) =>
    Object.entries(family).map(([text, run]): [string, Op] => {
      const signature = parseSignature(text);
      const count = countOf(signature) ?? (BROADCASTING.has(family) ? broadcast : undefined);
      return [signature.target, { signature, run, count }];
    }),
  ),
);

/** How a target runs: by its own op, or by that which does not write into a tensor: of the same name without an underscore, without `out`. */
export interface Resolved extends Op {
  /** The argument into which the call writes its result. */
  readonly written: 'first' | 'out' | undefined;
}

const IN_PLACE = /^(\w+\.\w*[^_.\W])_(\.\w+)$/;
const WITH_OUT = /^(\w+\.\w+)\.out$/;

export function findOp(target: string): Resolved | undefined {
  const own = TABLE.get(target);
  const [, name, overload] = IN_PLACE.exec(target) ?? [];
  if (own) return { ...own, written: name === undefined ? undefined : 'first' };
  if (name !== undefined) return writing(TABLE.get(`${name}${overload}`), 'first');
  const [, base] = WITH_OUT.exec(target) ?? [];
  return writing(TABLE.get(`${base}.default`) ?? TABLE.get(`${base}.Tensor`), 'out');
}

function writing(twin: Op | undefined, written: 'first' | 'out'): Resolved | undefined {
  return twin && { ...twin, written };
}

/** Adds an op, or replaces one. */
export function addOp(signature: string, run: OpFunction): void {
  const parsed = parseSignature(signature);
  TABLE.set(parsed.target, { signature: parsed, run, isTaught: true });
}

/** The targets of all ops, sorted. */
export function knownTargets(): string[] {
  return [...TABLE.keys()].sort();
}
