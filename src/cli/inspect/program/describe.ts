/** What `inspect` tells of a program of torch.export beside its weights. */

import { openGraph } from '../../../program/archive/archive.js';
import {
  type UserInput,
  type UserOutput,
  userInputs,
  userOutputs,
} from '../../../program/graph/interface.js';
import type { Constant, Program, SizeRange } from '../../../program/graph/types.js';
import { resolveLimits } from '../../../state-dict/rules/limits.js';
import { locate } from '../../../state-dict/sources/locate.js';
import { runSource, type SourceOptions } from '../../../state-dict/sources/read-source.js';
import type { TorchDtype } from '../../../state-dict/tensors/tensor.js';
import type { Lacks, MissingOp } from './missing.js';

/** A tensor that goes in or out; a number has neither dtype nor shape. */
export interface Port {
  readonly name: string;
  readonly dtype?: TorchDtype;
  /** Open sizes by the names of their symbols. */
  readonly shape?: readonly (number | string)[];
  /** The only value that is taken, of an argument that was no tensor. */
  readonly frozen?: Constant;
}

/** The calls that one module makes, in the order of the first of each op. */
export interface ModuleCalls {
  /** The path; empty for the model itself, and where the file does not tell it. */
  readonly module: string;
  readonly calls: readonly { readonly target: string; readonly count: number }[];
}

export interface ProgramDescription {
  /** The torch that wrote it. */
  readonly torch: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** The sizes of symbols that have bounds. */
  readonly ranges: readonly { readonly symbol: string; readonly min: number; readonly max: number | null }[];
  readonly modules: readonly ModuleCalls[];
  /** Ops that are missing here; null where tfjs is not installed, which computes them. */
  readonly missing: readonly MissingOp[] | null;
  /** Why `readExportedProgram` refuses it, or what to do about the missing ops; null where it runs, or where tfjs is not installed. */
  readonly refusal: string | null;
}

export async function describeProgram(
  caller: string,
  source: string,
  options: Pick<SourceOptions, 'signal' | 'headers'>,
): Promise<ProgramDescription> {
  const limits = resolveLimits(caller);
  const program = await runSource(locate(caller, source), { ...options, limits }, true, openGraph);
  return {
    torch: program.torchVersion,
    inputs: userInputs(program).map((input) => ({
      ...portOf(input),
      ...('frozen' in input && { frozen: input.frozen as Constant }),
    })),
    outputs: userOutputs(program).map(portOf),
    ranges: boundsOf(program.ranges),
    modules: callsByModule(program),
    ...((await lacksOf(program)) ?? { missing: null, refusal: null }),
  };
}

function portOf({ name, tensor }: UserInput | UserOutput): Port {
  if (tensor === undefined) return { name };
  const shape = tensor.shape.map((size) => (typeof size === 'number' ? size : size.symbol));
  return { name, dtype: tensor.dtype, shape };
}

/** torch writes a smallest size of 2 for every open size, and runs 0 and 1 too. */
const NO_BOUND = 2;

/** What int64 and this package's indices end at is no bound either. */
const LARGEST = 2 ** 31 - 1;

function boundsOf(ranges: ReadonlyMap<string, SizeRange>): ProgramDescription['ranges'] {
  return [...ranges]
    .map(([symbol, { min, max }]) => ({ symbol, min, max: max < LARGEST ? max : null }))
    .filter(({ min, max }) => min > NO_BOUND || max !== null);
}

function callsByModule({ graph }: Program): ModuleCalls[] {
  const modules = new Map<string, Map<string, number>>();
  for (const { module = '', target } of graph.nodes) {
    const calls = modules.get(module) ?? new Map<string, number>();
    modules.set(module, calls);
    calls.set(target, (calls.get(target) ?? 0) + 1);
  }
  return [...modules].map(([module, calls]) => ({
    module,
    calls: [...calls].map(([target, count]) => ({ target, count })),
  }));
}

/** Undefined where tfjs is not installed. */
async function lacksOf(program: Program): Promise<Lacks | undefined> {
  try {
    const missing = await import('./missing.js');
    return missing.lacksOf(program);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
