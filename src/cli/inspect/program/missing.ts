/** What this package lacks for a program. The table of ops needs tfjs: this is imported when it is asked. */

import { UnsupportedError } from '../../../errors.js';
import type { Program } from '../../../program/graph/types.js';
import { Executable } from '../../../program/run/executable.js';
import { missingOps, missingRemedy } from '../../../program/run/unsupported.js';

export interface MissingOp {
  readonly target: string;
  /** How often it is called. */
  readonly count: number;
  /** The line of Python of the first call, and its module, where the file tells them. */
  readonly source?: string;
  readonly module?: string;
}

export interface Lacks {
  /** Ops that are missing here. */
  readonly missing: readonly MissingOp[];
  /** Why the program is refused, or, where ops are missing, what to do about them; null where it runs. */
  readonly refusal: string | null;
}

export function lacksOf(program: Program): Lacks {
  const { graph } = program;
  const missing = [...missingOps(graph)].map(([target, nodes]) => {
    const [first] = nodes;
    return {
      target,
      count: nodes.length,
      ...(first?.source !== undefined && { source: first.source }),
      ...(first?.module !== undefined && { module: first.module }),
    };
  });
  const targets = missing.map(({ target }) => target);
  return { missing, refusal: missing.length > 0 ? missingRemedy(graph, targets) : refusalOf(program) };
}

function refusalOf(program: Program): string | null {
  try {
    new Executable('program', program);
    return null;
  } catch (error) {
    if (error instanceof UnsupportedError) return error.message;
    throw error;
  }
}
