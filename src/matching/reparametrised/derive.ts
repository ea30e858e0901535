/** Finds the weights of a file that it stores as other tensors, by names and shapes. */

import { joinPath, lastPart, parentPath } from '../../state-dict/keys.js';
import type { TorchDtype, TorchTensor } from '../../state-dict/tensors/tensor.js';
import { computeWeight } from './compute.js';
import { splitKey, stagesOf } from './parametrizations.js';
import { pruned } from './pruned.js';
import type { Described, Scheme } from './scheme.js';
import { spectralNorm } from './spectral-norm.js';
import { weightDrop } from './weight-drop.js';
import { weightNorm } from './weight-norm.js';

/** A weight that the file stores as other tensors. */
export interface Derivation extends Described {
  /** The key that `state_dict()` would have without the reparametrisation: 'gru.weight_hh_l0'. */
  readonly key: string;
  /** The keys in the file. */
  readonly from: readonly string[];
  /** Names of the schemes, the one that gives the weight first: 'weight norm', 'pruning'. */
  readonly schemes: readonly string[];
  /** The weight; undefined where the parts do not determine it. */
  compute(tensorOf: TensorOf): TorchTensor | undefined;
}

/** A weight that the file has in other tensors, without what it takes to compute it. */
export interface Undetermined {
  readonly key: string;
  readonly from: readonly string[];
}

export interface Derivations {
  readonly derived: ReadonlyMap<string, Derivation>;
  readonly undetermined: ReadonlyMap<string, Undetermined>;
}

type TensorOf = (key: string) => TorchTensor;

/** A tensor by its key, in the file or derived. */
type Find = (key: string) => Described | undefined;

const SUFFIXED: readonly Scheme[] = [weightNorm, pruned, spectralNorm, weightDrop];

/** Dtypes that torch computes in. */
const FLOATS: readonly TorchDtype[] = ['F64', 'F32', 'F16', 'BF16'];

/** Reparametrisations of parts of reparametrisations: a file may name any number. */
const MAX_ROUNDS = 4;

/** What a lone part is called whose weight is missing. */
const LONE_PART = /_(?:orig|raw)$/;

/** What may stand beside it. */
const SIBLINGS = ['_orig', '_raw', '_mask', '_u', '_v'];

export function findDerivations(tensors: ReadonlyMap<string, Described>): Derivations {
  const derived = new Map<string, Derivation>();
  const find: Find = (key) => derived.get(key) ?? tensors.get(key);
  let added: readonly string[] = [...tensors.keys()];
  const families = familiesOf(added);
  for (let round = 0; round < MAX_ROUNDS && added.length > 0; round++) {
    const found = [...suffixedIn(added, find, tensors), ...parametrizedIn(families, find)];
    const fresh = found.filter(({ key }) => !derived.has(key));
    for (const derivation of fresh) {
      derived.set(derivation.key, derivation);
      addTo(families, derivation.key);
    }
    added = fresh.map(({ key }) => key);
  }
  return { derived, undetermined: undeterminedIn(tensors, families, derived) };
}

/** Weights whose parts are beside them, found by the first suffix of their scheme. */
function suffixedIn(
  keys: readonly string[],
  find: Find,
  tensors: ReadonlyMap<string, Described>,
): Derivation[] {
  const found: Derivation[] = [];
  for (const key of keys) {
    // A new part may be the last one that was missing.
    for (const scheme of SUFFIXED) {
      const suffix = scheme.suffixes.find((own) => key.endsWith(own));
      const base = suffix === undefined ? '' : key.slice(0, -suffix.length);
      if (base === '' || base.endsWith('.') || scheme.weights?.test(lastPart(base)) === false) continue;
      const target = scheme === weightDrop ? dropped(base, tensors) : base;
      if (find(target) !== undefined && target === base) continue;
      const parts = scheme.suffixes.map((own) => base + own);
      const derivation = derive(target, parts, scheme, find);
      if (derivation !== undefined) found.push(derivation);
    }
  }
  return found;
}

/** Parameters of which a recurrent module has some, whatever dropout acts on. */
const KINDS = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];

/** The wrapper of weight drop may keep the raw weight itself, and the module below `module`, with a copy that dropout acted on. */
function dropped(base: string, tensors: ReadonlyMap<string, Described>): string {
  const path = joinPath(parentPath(base), 'module');
  const name = lastPart(base);
  const isThere = KINDS.some((kind) => tensors.has(joinPath(path, name.replace(/^weight_\w\w/, kind))));
  return isThere ? joinPath(path, name) : base;
}

function derive(key: string, parts: readonly string[], scheme: Scheme, find: Find): Derivation | undefined {
  const found = parts.flatMap((part) => find(part) ?? []);
  const main = found[scheme.main];
  if (found.length < parts.length || main === undefined) return undefined;
  const shape = found.every(isComputable) ? scheme.shapeOf(found.map((part) => part.shape)) : undefined;
  if (shape === undefined || !FLOATS.includes(main.dtype)) return undefined;
  const nested = found.map((part) => ('compute' in part ? (part as Derivation) : undefined));
  return {
    key,
    dtype: main.dtype,
    shape,
    from: parts.flatMap((part, i) => nested[i]?.from ?? [part]),
    schemes: [...new Set([scheme.name, ...nested.flatMap((part) => part?.schemes ?? [])])],
    compute(tensorOf) {
      const tensors = parts.flatMap(
        (part, i) => (nested[i] ? nested[i].compute(tensorOf) : tensorOf(part)) ?? [],
      );
      return tensors.length < parts.length ? undefined : computeWeight(scheme, tensors);
    },
  };
}

/** Numbers, which a mask of pruning may have of any dtype. */
function isComputable({ dtype }: Described): boolean {
  return FLOATS.includes(dtype) || /^(?:BOOL|[IU]\d+)$/.test(dtype);
}

/** Names behind `parametrizations.X.`, by the key of the weight. */
type Families = Map<string, Map<string, string>>;

function familiesOf(keys: Iterable<string>): Families {
  const families: Families = new Map();
  for (const key of keys) addTo(families, key);
  return families;
}

function addTo(families: Families, key: string): void {
  const split = splitKey(key);
  if (split === undefined) return;
  const family = families.get(split.weight) ?? new Map<string, string>();
  families.set(split.weight, family.set(split.rest, key));
}

function parametrizedIn(families: Families, find: Find): Derivation[] {
  return [...families].flatMap(([weight, family]) => {
    if (find(weight) !== undefined) return [];
    // What was derived of names stands for them: `original_orig` and `original_mask` are `original`.
    const parts = new Set([...family.values()].flatMap((key) => namesOfPart(find(key))));
    const names = new Set([...family].filter(([, key]) => !parts.has(key)).map(([name]) => name));
    let before: Derivation | undefined;
    for (const { scheme, parts: own } of stagesOf(names) ?? []) {
      const stage: Find = (key) => (key === '' ? before : find(key));
      before = derive(
        weight,
        own.map((name) => (name === '' ? '' : (family.get(name) as string))),
        scheme,
        stage,
      );
      if (before === undefined) return [];
    }
    return before ?? [];
  });
}

function namesOfPart(tensor: Described | undefined): readonly string[] {
  return tensor !== undefined && 'from' in tensor ? (tensor as Derivation).from : [];
}

/** Weights that are missing, where names of parts are there that no weight is computed from. */
function undeterminedIn(
  tensors: ReadonlyMap<string, Described>,
  families: Families,
  derived: ReadonlyMap<string, Derivation>,
): Map<string, Undetermined> {
  const used = new Set([...derived.values()].flatMap(({ from }) => from));
  const isThere = (key: string) => tensors.has(key) || derived.has(key);
  const undetermined = new Map<string, Undetermined>();
  for (const [key, family] of families)
    if (!isThere(key))
      undetermined.set(key, { key, from: [...family.values()].filter((part) => tensors.has(part)) });
  for (const part of tensors.keys()) {
    const key = part.replace(LONE_PART, '');
    if (key === part || key === '' || key.endsWith('.')) continue;
    if (isThere(key) || used.has(part) || splitKey(part)) continue;
    undetermined.set(key, {
      key,
      from: SIBLINGS.map((suffix) => key + suffix).filter((own) => tensors.has(own)),
    });
  }
  return undetermined;
}
