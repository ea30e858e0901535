/** Keys of a state_dict: dotted paths `module.submodule.parameter`, as `module.state_dict()` writes them. */
import { message, show } from '../check.js';
import type { StateDict } from './types.js';

/** What training wrappers put before every key: DataParallel, torch.compile, and LightningModule by custom. */
const WRAPPERS = ['module', '_orig_mod', 'model'];

/** `a.b`; an empty side adds no dot. */
export function joinPath(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left}.${right}`;
}

/**
 * A module path is a state_dict key without its last part: '' (the root), 'gru', 'encoder.gru'.
 *
 * @throws TypeError for anything but a string, RangeError for a dot at either end.
 */
export function checkModulePath(where: string, what: string, path: unknown): asserts path is string {
  if (typeof path !== 'string') throw new TypeError(message(where, what, 'a module path', show(path)));
  if (path.startsWith('.') || path.endsWith('.'))
    throw new RangeError(
      message(where, what, 'a module path without a dot at its end, such as "encoder.gru"', show(path)),
    );
}

/** Throws TypeError unless the value is a Map. */
export function checkStateDict(where: string, value: unknown): asserts value is StateDict {
  if (value instanceof Map) return;
  const remedy = 'readStateDict makes one of a file';
  throw new TypeError(
    message(where, 'stateDict', 'a StateDict, a Map from key to tensor', show(value), remedy),
  );
}

export interface SelectOptions {
  /** Module path whose keys are taken. @default '' (all keys) */
  readonly prefix?: string;
  /**
   * Module path to drop from the front of the keys; `false` drops nothing. Left out, the prefixes of DataParallel
   * (`module`), torch.compile (`_orig_mod`) and Lightning (`model`) are dropped, one or several, but only when no
   * wanted key is there as the keys stand.
   */
  readonly stripPrefix?: string | false;
}

/** The part of a state_dict that a load looks at. */
export interface Selection {
  /** What the selected keys begin with in the file. */
  readonly path: string;
  /** What was dropped besides `prefix`; '' when nothing. */
  readonly strippedPrefix: string;
  /** Name below `path` -> key in the file, in the file's order. */
  readonly keys: ReadonlyMap<string, string>;
  /** Keys outside `path`, where `prefix` does not say that they belong to somebody else. */
  readonly outside: readonly string[];
}

/** Chooses the keys below `prefix`, with or without a wrapper's prefix, for a load that wants the names `wanted`. */
export function selectKeys(
  keys: readonly string[],
  wanted: readonly string[],
  { prefix = '', stripPrefix }: SelectOptions = {},
): Selection {
  if (typeof stripPrefix === 'string')
    return select(keys, prefix, joinPath(stripPrefix, prefix), stripPrefix);
  const asTheyStand = select(keys, prefix, prefix, '');
  if (stripPrefix === false || countFound(asTheyStand, wanted) > 0) return asTheyStand;
  let best = asTheyStand;
  for (const [path, stripped] of wrappedPaths(keys, prefix)) {
    const candidate = select(keys, prefix, path, stripped);
    if (countFound(candidate, wanted) > countFound(best, wanted)) best = candidate;
  }
  return best;
}

function select(keys: readonly string[], prefix: string, path: string, strippedPrefix: string): Selection {
  const start = path === '' ? '' : `${path}.`;
  const selected = new Map<string, string>();
  const outside: string[] = [];
  for (const key of keys) {
    if (key.startsWith(start)) selected.set(key.slice(start.length), key);
    else if (prefix === '') outside.push(key);
  }
  return { path, strippedPrefix, keys: selected, outside };
}

function countFound(selection: Selection, wanted: readonly string[]): number {
  return wanted.filter((name) => selection.keys.has(name)).length;
}

/** The wrapper may sit around the whole model (`module.encoder`) or around the selected module (`encoder._orig_mod`). */
function wrappedPaths(keys: readonly string[], prefix: string): [path: string, stripped: string][] {
  return [
    ...wrapperChains(keys, '').map((chain): [string, string] => [joinPath(chain, prefix), chain]),
    ...wrapperChains(keys, prefix).map((chain): [string, string] => [joinPath(prefix, chain), chain]),
  ];
}

/** `module`, `module._orig_mod`, ...: every chain of wrappers that some key below `base` begins with. */
function wrapperChains(keys: readonly string[], base: string): string[] {
  const chains: string[] = [];
  let frontier = [''];
  while (frontier.length > 0) {
    frontier = frontier
      .flatMap((chain) => WRAPPERS.map((wrapper) => joinPath(chain, wrapper)))
      .filter((chain) => keys.some((key) => key.startsWith(`${joinPath(base, chain)}.`)));
    chains.push(...frontier);
  }
  return chains;
}

/** Module paths that hold every one of `names`, in the file's order. */
export function modulesWith(keys: Iterable<string>, names: readonly string[]): string[] {
  const all = new Set(keys);
  const first = names[0];
  if (first === undefined) return [];
  return [...all]
    .filter((key) => key.endsWith(`.${first}`))
    .map((key) => key.slice(0, -first.length - 1))
    .filter((path) => names.every((name) => all.has(`${path}.${name}`)));
}
