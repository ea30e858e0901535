/**
 * A program in the configuration of a layer: deflated text as lists of numbers, since tf.layers rewrites every string of a
 * configuration when it loads one.
 */

import { deflateSync, inflateSync } from 'fflate';
import { message, show } from '../../check.js';
import { Cursor } from '../../state-dict/formats/program/cursor.js';
import { readJson } from '../../state-dict/formats/program/json.js';
import { resolveLimits } from '../../state-dict/rules/limits.js';
import { WorkBudget } from '../../state-dict/rules/work.js';
import { parseProgram } from '../archive/archive.js';
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
  const program = parseProgram(fromNumbers(where, 'graph', graph), (bytes) =>
    parse(`${where}: graph`, bytes),
  );
  const names = parse(`${where}: ties`, fromNumbers(where, 'ties', ties))
    .list()
    .map((name) => name.string());
  const pairs = Array.from({ length: names.length >> 1 }, (_, i) => names.slice(2 * i, 2 * i + 2));
  return { program, ties: new Map(pairs as [string, string][]) };
}

function parse(where: string, bytes: Uint8Array): Cursor {
  return new Cursor(readJson(bytes, where, new WorkBudget(bytes.length, resolveLimits(where))), where);
}

function toNumbers(text: Uint8Array): number[] {
  return [...deflateSync(text, { level: 9 })];
}

function fromNumbers(where: string, what: string, numbers: unknown): Uint8Array {
  const rule = 'the numbers that getConfig() returns';
  if (!Array.isArray(numbers)) throw new TypeError(message(where, what, rule, show(numbers)));
  try {
    return inflateSync(Uint8Array.from(numbers as number[]));
  } catch (error) {
    throw new RangeError(message(where, what, rule, 'others'), { cause: error });
  }
}
