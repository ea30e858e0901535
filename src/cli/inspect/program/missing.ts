/** The ops of a program that this package lacks. The table of ops needs tfjs: this is imported when it is asked. */

import type { Program } from '../../../program/graph/types.js';
import { missingOps } from '../../../program/run/unsupported.js';

export interface MissingOp {
  readonly target: string;
  /** How often it is called. */
  readonly count: number;
  /** The line of Python of the first call, and its module, where the file tells them. */
  readonly source?: string;
  readonly module?: string;
}

export function missingIn({ graph }: Program): MissingOp[] {
  return [...missingOps(graph)].map(([target, nodes]) => {
    const [first] = nodes;
    return {
      target,
      count: nodes.length,
      ...(first?.source !== undefined && { source: first.source }),
      ...(first?.module !== undefined && { module: first.module }),
    };
  });
}
