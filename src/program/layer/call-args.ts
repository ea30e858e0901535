/** The arguments of torch's call, lists and dicts, as the flat list of values that a program takes. */

import { Tensor } from '@tensorflow/tfjs-core';
import { message, shortened, show, showFirst } from '../../check.js';
import type { Tree } from '../graph/tree.js';
import type { Program } from '../graph/types.js';
import type { Value } from '../ops/types.js';

/**
 * Flattens a call. An argument that is left out is undefined in each of its places.
 *
 * @param args  positional arguments, then an object of the keyword arguments where the program has any.
 * @throws RangeError for too many arguments, for a list of another length, and for an unknown key; TypeError for a value in the place of
 *   a list or an object.
 */
export function flattenCall(where: string, program: Program, args: readonly unknown[]): Value[] {
  const { positional, keywords } = program.call;
  const trees = positional.kind === 'leaf' ? [positional] : positional.items;
  const hasKeywords = keywords.kind === 'dict' && keywords.keys.length > 0;
  const isNamed = hasKeywords && (args.length > trees.length || isLastNamed(trees, args));
  const given = isNamed ? args.slice(0, -1) : args;
  if (given.length > trees.length) {
    const names = trees.map((_, i) => program.argumentNames[i] ?? String(i));
    const keyword = hasKeywords ? ', and an object of keyword arguments' : '';
    const rule = `${trees.length}${names.length > 0 ? ` (${showFirst(names, shortened)})` : ''}${keyword}`;
    const remedy = 'One that the export left at its default is part of the program: export the model with it';
    throw new RangeError(message(where, 'arguments', rule, String(args.length), remedy));
  }
  const values: Value[] = [];
  for (const [i, tree] of trees.entries())
    flatten(where, shortened(program.argumentNames[i] ?? String(i)), tree, given[i], values);
  flatten(where, 'keyword arguments', keywords, isNamed ? args.at(-1) : undefined, values);
  return values;
}

/** Whether the last of fewer arguments stands for keyword arguments: an object where no dict is expected. */
function isLastNamed(trees: readonly Tree[], args: readonly unknown[]): boolean {
  return args.length > 0 && isRecord(args.at(-1)) && trees[args.length - 1]?.kind !== 'dict';
}

function flatten(where: string, what: string, tree: Tree, value: unknown, values: Value[]): void {
  if (tree.kind === 'leaf') {
    values.push(value as Value);
    return;
  }
  if (tree.kind === 'list') {
    const items = listOf(where, what, tree.items.length, value);
    for (const [i, item] of tree.items.entries()) flatten(where, `${what}[${i}]`, item, items[i], values);
    return;
  }
  const members = membersOf(where, what, tree.keys, value);
  for (const [i, item] of tree.items.entries()) {
    const key = tree.keys[i] as string;
    flatten(where, `${what}[${show(key)}]`, item, members.get(key), values);
  }
}

function listOf(where: string, what: string, length: number, value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  const rule = `a list of ${length}`;
  if (!Array.isArray(value)) throw new TypeError(message(where, what, rule, show(value)));
  if (value.length !== length) throw new RangeError(message(where, what, rule, `one of ${value.length}`));
  return value;
}

function membersOf(
  where: string,
  what: string,
  keys: readonly string[],
  value: unknown,
): ReadonlyMap<string, unknown> {
  if (value === undefined) return new Map();
  const rule = `an object with ${showFirst(keys, show) || 'nothing in it'}`;
  if (!isRecord(value)) throw new TypeError(message(where, what, rule, show(value)));
  const members = new Map(Object.entries(value));
  const known = new Set(keys);
  for (const key of members.keys())
    if (!known.has(key)) throw new RangeError(message(where, what, rule, `the key ${show(key)}`));
  return members;
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Tensor);
}
