/**
 * A program in the configuration of a layer: deflated text as lists of numbers, since tf.layers rewrites every string of a
 * configuration when it loads one.
 */

import { deflateSync, Inflate } from 'fflate';
import { message, show } from '../../check.js';
import { parseRecord } from '../../state-dict/formats/program/records.js';
import { expandedBytes, resolveLimits } from '../../state-dict/rules/limits.js';
import { WorkBudget } from '../../state-dict/rules/work.js';
import { concatenated } from '../../state-dict/tensors/bytes.js';
import { parseProgram } from '../archive/archive.js';
import { storedMetas } from '../graph/interface.js';
import type { Program } from '../graph/types.js';

/** The part of the configuration that describes the program. */
export interface SavedProgram {
  /** The graph, as its file has it. */
  readonly graph: readonly number[];
  /** Pairs of names that are one tensor. */
  readonly ties: readonly number[];
}

export interface OpenedProgram {
  readonly program: Program;
  /** Names of parameters and buffers that are one tensor with another: that name to the other. */
  readonly ties: ReadonlyMap<string, string>;
}

export function saveProgram(graphText: Uint8Array, ties: OpenedProgram['ties']): SavedProgram {
  const tiesText = new TextEncoder().encode(JSON.stringify([...ties].flat()));
  return { graph: toNumbers(graphText), ties: toNumbers(tiesText) };
}

/** @throws TypeError, RangeError, FormatError for what `saveProgram` never returns. */
export function openSaved(where: string, { graph, ties }: SavedProgram): OpenedProgram {
  const graphText = fromNumbers(where, 'graph', graph);
  const tiesText = fromNumbers(where, 'ties', ties);
  // As many values as its text has: a program that was read with larger limits is loaded again.
  const limits = { ...resolveLimits(where), maxTensors: Number.POSITIVE_INFINITY };
  const work = new WorkBudget(graphText.length + tiesText.length, limits);
  const program = parseProgram(graphText, `${where}: graph`, work);
  const names = parseRecord(tiesText, `${where}: ties`, { work })
    .list()
    .map((name) => name.string());
  const pairs = Array.from({ length: names.length >> 1 }, (_, i) => names.slice(2 * i, 2 * i + 2));
  const tied = new Map(pairs as [string, string][]);
  checkTies(where, program, tied);
  return { program, ties: tied };
}

/** Tensors that are one have one dtype and shape. */
function checkTies(where: string, program: Program, ties: OpenedProgram['ties']): void {
  const metas = new Map(storedMetas(program).map(([name, { dtype, shape }]) => [name, `${dtype} ${shape}`]));
  for (const [name, other] of ties)
    if (!metas.has(other) || (metas.get(name) ?? metas.get(other)) !== metas.get(other))
      throw new RangeError(message(where, 'ties', RULE, `${show(name)} with ${show(other)}`));
}

function toNumbers(text: Uint8Array): number[] {
  return [...deflateSync(text, { level: 9 })];
}

const RULE = 'the numbers that getConfig() returns';

/** Bytes that are inflated at a time, each of which may become a thousand. */
const PIECE_BYTES = 1 << 16;

function fromNumbers(where: string, what: string, numbers: unknown): Uint8Array {
  if (!Array.isArray(numbers)) throw new TypeError(message(where, what, RULE, show(numbers)));
  const deflated = Uint8Array.from(numbers as number[]);
  const most = expandedBytes(deflated.length, resolveLimits(where));
  const parts: Uint8Array[] = [];
  let length = 0;
  let isWhole = false;
  const inflating = new Inflate((part, isLast) => {
    length += part.length;
    parts.push(part);
    isWhole = isLast;
  });
  try {
    for (let begin = 0; begin < deflated.length && length <= most; begin += PIECE_BYTES)
      inflating.push(deflated.subarray(begin, begin + PIECE_BYTES), begin + PIECE_BYTES >= deflated.length);
  } catch (error) {
    throw new RangeError(message(where, what, RULE, 'others'), { cause: error });
  }
  if (!isWhole) throw new RangeError(message(where, what, RULE, 'others'));
  return concatenated(parts);
}
