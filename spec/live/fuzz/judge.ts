/** The allowed results of a hostile file: sound tensors, or a documented error. */

import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import { jsonReport } from '../../../src/cli/inspect/json-report.js';
import { writeReport } from '../../../src/cli/inspect/text-report.js';
import { terminalOf } from '../../../src/cli/terminal.js';
import { FormatError, UnsupportedError } from '../../../src/errors.js';
import { describeSource } from '../../../src/state-dict/describe.js';
import { parseStateDict, SERVICES } from '../../../src/state-dict/parse.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { readCheckpoint } from '../../../src/state-dict/read-checkpoint.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { formatCodes } from '../../../src/state-dict/rules/format-codes.js';
import { type ReadLimits, resolveLimits } from '../../../src/state-dict/rules/limits.js';
import type { WorkBudget } from '../../../src/state-dict/rules/work.js';
import { checkTensor, hasSameValues } from '../../../src/state-dict/tensors/check.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { weightlessModules } from '../../../src/torch/told/weightless.js';
import { openedFile } from '../../state-dict/support.js';
import type { FuzzInput } from './formats.js';

/** Files have kilobytes: a reader refuses a file that claims more than this before it allocates. */
export const LIMITS: ReadLimits = { maxBytes: 2 ** 24, maxTensorBytes: 2 ** 24, maxHeaderBytes: 1e6 };

/** `read`, or the reason of a refusal: a code of `formatCodes`, `unsupported`, or `unclear` where several dicts could be meant. */
export type Verdict = string;

/** A report is taken, so that nothing is written to the console. */
const QUIET = { onReport: (): void => undefined };

/** Most steps of a file that is read: what docs/files.md says. */
const FREE_STEPS = 65_536;
const STEPS_PER_BYTE = 16;

/** `parseStateDict`, with its work counted. */
function parseCounted(bytes: Uint8Array): StateDict {
  const file = { ...openedFile(bytes.length, LIMITS), where: 'parseStateDict' };
  const stateDict = runSync(readCheckpoint(file, QUIET), bytes, SERVICES);
  requireLittleWork(file.work, bytes);
  return stateDict;
}

export function requireLittleWork({ steps }: WorkBudget, { length }: Uint8Array): void {
  if (steps > FREE_STEPS + STEPS_PER_BYTE * length)
    throw new Error(`${length} bytes were read in ${steps} steps`);
}

/** Reads a file at once. */
export function judge({ bytes, expected }: FuzzInput, parse = parseCounted): Verdict {
  let stateDict: StateDict;
  try {
    stateDict = parse(bytes);
  } catch (error) {
    return verdictOf(error);
  }
  requireSound(stateDict, bytes);
  if (expected && !isSame(stateDict, expected)) throw new Error('other tensors were read than were written');
  return 'read';
}

/**
 * Reads a file in the other ways that there are, which must come to the same: in parts, and as a description alone, with the
 * report and the code that `inspect` makes of it.
 */
export async function judgeOtherWays({ bytes }: FuzzInput, verdict: Verdict): Promise<void> {
  const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]);
  const whole = await verdictOfPromise(readStateDict(blob, { limits: LIMITS, ...QUIET }));
  if (whole !== verdict) throw new Error(`parseStateDict: ${verdict}, readStateDict: ${whole}`);
  const described = await verdictOfPromise(describe(blob));
  if (verdict === 'read' && described !== 'read')
    throw new Error(`it can be read, and not described: ${described}`);
  if (verdict === 'read') await comparePart(blob, parseStateDict(bytes, { limits: LIMITS, ...QUIET }));
}

async function describe(blob: Blob): Promise<void> {
  const description = await describeSource('readStateDict', blob, { limits: resolveLimits('fuzz', LIMITS) });
  const modules = recogniseModules(description.tensors, description.modules);
  const weightless = weightlessModules(description.modules ?? new Map(), description.tensors.keys());
  const code = rebuildingCode(modules, { source: 'fuzzed', weightless });
  const found = { source: 'fuzzed', description, modules, weightless, code };
  const nowhere = { write: () => true };
  writeReport(terminalOf(nowhere, nowhere, {}), found);
  JSON.stringify(jsonReport(found));
}

/** Reads the tensors of the first module alone. */
async function comparePart(blob: Blob, all: StateDict): Promise<void> {
  const [first] = all.keys();
  const module = first?.slice(0, Math.max(0, first.lastIndexOf('.')));
  // Callers can select only names that have a module path.
  if (!module || module.split('.').includes('')) return;
  const part = await readStateDict(blob, { limits: LIMITS, select: [module], ...QUIET });
  if (part.size === 0) throw new Error(`nothing of ${module} was read alone`);
  for (const [name, tensor] of part) {
    if (!hasSameValues(tensor, all.get(name) as TorchTensor))
      throw new Error(`${name} read alone is another`);
  }
}

async function verdictOfPromise(promise: Promise<unknown>): Promise<Verdict> {
  try {
    await promise;
    return 'read';
  } catch (error) {
    return verdictOf(error);
  }
}

/** @throws the error itself where no file may cause it. */
export function verdictOf(error: unknown): Verdict {
  if (error instanceof FormatError && error.code in formatCodes) return error.code;
  if (error instanceof UnsupportedError) return 'unsupported';
  // RangeErrors of JavaScript (stack, array lengths, allocation) have no such message.
  if (error instanceof RangeError && /^(parse|read)StateDict: .+: expected .+, got /s.test(error.message))
    return 'unclear';
  throw error;
}

function requireSound(stateDict: StateDict, file: Uint8Array): void {
  const buffers = new Set<ArrayBufferLike>();
  for (const [name, tensor] of stateDict) {
    checkTensor('fuzz', name, tensor);
    buffers.add(tensor.data.buffer);
  }
  buffers.delete(file.buffer);
  const copied = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (copied > (LIMITS.maxTensorBytes ?? 0)) throw new Error(`${copied} bytes were taken for tensors`);
}

function isSame(actual: StateDict, expected: StateDict): boolean {
  const names = [...actual.keys()];
  return (
    names.join('\n') === [...expected.keys()].join('\n') &&
    names.every((name) => hasSameValues(actual.get(name) as TorchTensor, expected.get(name) as TorchTensor))
  );
}
