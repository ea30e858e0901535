/** The keys of a state_dict that a load looks at. */

import { message, show } from '../check.js';
import { joinPath } from '../state-dict/keys.js';
import { builtinClass } from '../state-dict/tensors/bytes.js';
import type { StateDict } from '../state-dict/tensors/tensor.js';

/** What training wrappers put before every key: DataParallel, torch.compile, and LightningModule by custom. */
const TRAINING_WRAPPERS = ['module', '_orig_mod', 'model'];

/** Each wrapper once, and one to spare: a hostile key may repeat them any number of times. */
const MAX_WRAPPERS = 4;

/** Throws TypeError unless the value is a Map with strings for keys. */
export function checkStateDict(where: string, value: unknown): asserts value is StateDict {
  if (builtinClass(value) !== 'Map') {
    const remedy =
      builtinClass(value) === 'Promise'
        ? undefined
        : 'readStateDict(source) makes one of a file, parseStateDict(bytes) of its bytes';
    const rule = 'a StateDict, a Map from key to tensor';
    throw new TypeError(message(where, 'stateDict', rule, show(value), remedy));
  }
  for (const key of (value as Map<unknown, unknown>).keys())
    if (typeof key !== 'string')
      throw new TypeError(message(where, 'stateDict', 'keys that are strings', show(key)));
}

export interface SelectOptions {
  /** Module path whose keys are taken. @default '' (all keys) */
  readonly prefix?: string;
  /**
   * Module path to drop from the front of the keys; `false` drops nothing. Without it, the prefixes of DataParallel
   * (`module`), torch.compile (`_orig_mod`) and Lightning (`model`) are dropped, up to four, but only when no
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
  /** Other paths with as many wanted keys below them, as in a file that holds an averaged model beside the model. */
  readonly equallyGood: readonly string[];
  /** Name below `path` -> key in the file, in the file's order. */
  readonly keys: ReadonlyMap<string, string>;
  /** Keys outside `path`; none where `prefix` was given, since they belong to other modules. */
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
  if (stripPrefix === false) return asTheyStand;
  const all = new Set(keys);
  const countBelow = (path: string) => wanted.filter((name) => all.has(joinPath(path, name))).length;
  if (countBelow(prefix) > 0) return asTheyStand;
  const wrapped = wrappedPaths(keys, prefix).map((paths) => ({ ...paths, count: countBelow(paths.path) }));
  const most = wrapped.reduce((max, { count }) => Math.max(max, count), 0);
  const [best, ...others] = wrapped.filter(({ count }) => count === most && count > 0);
  if (best === undefined) return asTheyStand;
  const copies = prefix === '' && most === wanted.length ? modulesWith(keys, wanted) : [];
  const equallyGood = new Set([...others.map(({ path }) => path), ...copies]);
  equallyGood.delete(best.path);
  return { ...select(keys, prefix, best.path, best.stripped), equallyGood: [...equallyGood] };
}

function select(keys: readonly string[], prefix: string, path: string, strippedPrefix: string): Selection {
  const start = path === '' ? '' : `${path}.`;
  const selected = new Map<string, string>();
  const outside: string[] = [];
  for (const key of keys) {
    if (key.startsWith(start)) selected.set(key.slice(start.length), key);
    else if (prefix === '') outside.push(key);
  }
  return { path, strippedPrefix, equallyGood: [], keys: selected, outside };
}

interface WrappedPath {
  readonly path: string;
  readonly stripped: string;
}

/** The wrapper may sit around the whole model (`module.encoder`) or around the selected module (`encoder._orig_mod`). */
function wrappedPaths(keys: readonly string[], prefix: string): WrappedPath[] {
  const around = wrapperChains(keys, '').map((chain) => ({ path: joinPath(chain, prefix), stripped: chain }));
  const chains = prefix === '' ? [] : wrapperChains(keys, prefix);
  return [...around, ...chains.map((chain) => ({ path: joinPath(prefix, chain), stripped: chain }))];
}

/** `module`, `module._orig_mod`, ...: every chain of wrappers that some key below `base` begins with, short ones first. */
function wrapperChains(keys: readonly string[], base: string): string[] {
  const start = base === '' ? '' : `${base}.`;
  const byLength = Array.from({ length: MAX_WRAPPERS }, () => new Set<string>());
  for (const key of keys) {
    if (!key.startsWith(start)) continue;
    let end = start.length;
    for (const chains of byLength) {
      const wrapper = TRAINING_WRAPPERS.find((name) => key.startsWith(`${name}.`, end));
      if (wrapper === undefined) break;
      end += wrapper.length + 1;
      chains.add(key.slice(start.length, end - 1));
    }
  }
  return byLength.flatMap((chains) => [...chains]);
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
