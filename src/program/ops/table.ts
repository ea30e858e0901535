/** All ops, by target. */

import { ACTIVATIONS } from './activations.js';
import { ARITHMETIC } from './arithmetic.js';
import { ATTENTION } from './attention.js';
import { COMPARISONS } from './comparisons.js';
import { CONV } from './conv.js';
import { COPIES } from './copies.js';
import { COUNTING } from './counting.js';
import { CREATION } from './creation.js';
import { ELEMENTARY } from './elementary.js';
import { INDEXING } from './indexing.js';
import { JOINING } from './joining.js';
import { LINEAR } from './linear.js';
import { LOSSES } from './losses.js';
import { broadcast, type Count, countOf } from './made.js';
import { NORM } from './norm.js';
import { POOLING } from './pooling.js';
import { RANDOM } from './random.js';
import { RECURRENT } from './recurrent.js';
import { REDUCTIONS } from './reductions.js';
import { parseSignature, type Signature } from './schema.js';
import { SHAPE } from './shape.js';
import { SORTING } from './sorting.js';
import { SPECIAL } from './special.js';
import type { OpFunction } from './types.js';
import { WRITING } from './writing.js';

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
