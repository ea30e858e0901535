/** Whether cuDNN computes on this device what torch does: asked before the first call of each cell. */

import { customGrad, dispose, type KernelBackend, scalar } from '@tensorflow/tfjs-core';
import type { Cell } from '../../torch/cells.js';
import { run as engine } from '../host/kernels.js';
import { differenceBetween, type Run } from './known-answer.js';

/** The largest relative difference from the engine of products in float32. The stand-in of the specs has 6e-7. */
const FLOAT32 = 1e-4;

/**
 * The same of products in TF32, whose factors have 10 bits behind the point. The stand-in has 4e-4 to 1.3e-3 so, and 0.8 at least with gates,
 * biases, directions or params in another order.
 */
const TF32 = 1e-2;

export interface Verdict {
  /** Of the largest result of the known answer; undefined where it failed. */
  readonly difference: number | undefined;
  /** What the products are computed in; undefined where cuDNN is not used. */
  readonly precision: 'float32' | 'TF32' | undefined;
  /** Why it is not used. */
  readonly fault: string | undefined;
}

const verdicts = new WeakMap<KernelBackend, Map<Cell, Verdict>>();

/** What was found so far on a backend. */
export function verdictsOf(backend: KernelBackend): ReadonlyMap<Cell, Verdict> {
  return verdicts.get(backend) ?? new Map();
}

/** Runs the check where it has not run on this backend, and warns of what it finds. */
export function selfCheck(cell: Cell, kernels: Run, backend: KernelBackend): Verdict {
  const known = verdictsOf(backend).get(cell);
  if (known) return known;
  const made = offTape(() => judge(cell, kernels, backend));
  verdicts.set(backend, new Map([...verdictsOf(backend), [cell, made]]));
  tell(cell, made);
  return made;
}

function judge(cell: Cell, kernels: Run, backend: KernelBackend): Verdict {
  try {
    const difference = differenceBetween(cell, kernels, engine, backend);
    if (difference <= FLOAT32) return { difference, precision: 'float32', fault: undefined };
    if (difference <= TF32) return { difference, precision: 'TF32', fault: undefined };
    const fault = `its ${cell} differs from the engine by ${shown(difference)} of the largest value`;
    return { difference, precision: undefined, fault };
  } catch (error) {
    // TensorFlow's have several lines.
    const reason = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').trim();
    return { difference: undefined, precision: undefined, fault: `its ${cell} fails: ${reason}` };
  }
}

function tell(cell: Cell, { difference, precision, fault }: Verdict): void {
  if (fault !== undefined) console.warn(`tfjs-torch-rnn: cuDNN is not used: ${fault}`);
  else if (precision === 'TF32')
    console.warn(
      `tfjs-torch-rnn: cuDNN computes in TF32 on this GPU: its ${cell} differs from float32 by ${shown(difference)} of the ` +
        'largest value. Start Node with NVIDIA_TF32_OVERRIDE=0 in the environment for float32',
    );
}

export function shown(difference: number | undefined): string {
  return difference === undefined ? 'nothing' : difference.toPrecision(2);
}

/** Runs `body` while no tape records. */
function offTape<T>(body: () => T): T {
  let result: T | undefined;
  const run = customGrad(() => {
    result = body();
    return { value: scalar(0), gradFunc: () => [] };
  });
  dispose(run());
  return result as T;
}
