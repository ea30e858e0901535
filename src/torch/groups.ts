/** The tensors of a file by the modules that own them. */

import type { Derivation, Undetermined } from '../matching/reparametrised/derive.js';
import { lastPart, parentPath } from '../state-dict/keys.js';
import type { TorchDtype } from '../state-dict/tensors/tensor.js';

/** A tensor without its elements. */
export interface TensorShape {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
}

/** The tensors of a module, by their names inside it. */
export type Group = ReadonlyMap<string, TensorShape>;

/** With the weights in place of their parts, at the place of the first. */
export function withWeights(
  tensors: ReadonlyMap<string, TensorShape>,
  derived: ReadonlyMap<string, Derivation>,
): ReadonlyMap<string, TensorShape> {
  if (derived.size === 0) return tensors;
  const weightOf = new Map(
    [...derived.values()].flatMap((own) => own.from.map((part) => [part, own] as const)),
  );
  const all = new Map<string, TensorShape>();
  for (const [key, tensor] of tensors) {
    const weight = weightOf.get(key);
    all.set(weight?.key ?? key, weight ?? tensor);
  }
  return all;
}

export function byPath<T extends { readonly key: string }>(
  entries: ReadonlyMap<string, T>,
): Map<string, T[]> {
  const paths = new Map<string, T[]>();
  for (const entry of entries.values()) {
    const path = parentPath(entry.key);
    const list = paths.get(path);
    if (list) list.push(entry);
    else paths.set(path, [entry]);
  }
  return paths;
}

/** Tensors by the path of their module, under their names inside it. */
export function groupByPath(
  tensors: ReadonlyMap<string, TensorShape>,
): Map<string, Map<string, TensorShape>> {
  const groups = new Map<string, Map<string, TensorShape>>();
  for (const [key, tensor] of tensors) {
    const [path, name] = [parentPath(key), lastPart(key)];
    const group = groups.get(path);
    if (group) group.set(name, tensor);
    else groups.set(path, new Map([[name, tensor]]));
  }
  return groups;
}

/** Moves the tensors of a parametrization to the module whose weight it makes. */
export function adopt(
  groups: Map<string, Map<string, TensorShape>>,
  path: string,
  lacking: readonly Undetermined[],
): void {
  for (const part of lacking.flatMap(({ from }) => from)) {
    const [at, name] = [parentPath(part), lastPart(part)];
    const group = groups.get(at);
    const tensor = group?.get(name);
    if (at === path || group === undefined || tensor === undefined) continue;
    group.delete(name);
    if (group.size === 0) groups.delete(at);
    const owner = groups.get(path) ?? new Map<string, TensorShape>();
    groups.set(path, owner.set(path === '' ? part : part.slice(path.length + 1), tensor));
  }
}

/** The first parts of the paths inside each path, where both have tensors of their own. */
export function modulesInside(paths: Iterable<string>): ReadonlyMap<string, readonly string[]> {
  const inside = new Map<string, Set<string>>();
  const open: string[] = [];
  // In this order the modules inside another follow it directly.
  for (const start of Array.from(paths, keyStart).sort()) {
    while (open.length > 0 && !start.startsWith(open.at(-1) as string)) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined) {
      const path = outer.slice(0, -1);
      const [name = ''] = start.slice(outer.length).split('.', 1);
      const names = inside.get(path) ?? new Set<string>();
      inside.set(path, names.add(name));
    }
    open.push(start);
  }
  return new Map([...inside].map(([path, names]) => [path, [...names]]));
}

/** What the keys of a module begin with: `encoder.gru.`; '' at the root. */
function keyStart(path: string): string {
  return path === '' ? '' : `${path}.`;
}
