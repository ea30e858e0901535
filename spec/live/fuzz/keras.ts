/** Topologies of Keras models with other names, indices, references and layers. Each must load, or give a documented error. */

import * as tf from '@tensorflow/tfjs';
import { loadKerasModel } from '../../../src/keras/index.js';
import { artifactsOf, type KerasVersion, kerasFixture, kerasNames } from '../../keras/fixtures.js';
import type { Random } from '../../support/random.js';
import { type Verdict, verdictOf } from './judge.js';

/** A place in a JSON value: a key of an object, or an index of a list. */
interface Site {
  readonly parent: Record<string, unknown>;
  readonly key: string;
}

interface Small {
  readonly version: KerasVersion;
  readonly name: string;
}

/** The most characters of a topology: copies of its parts may make it longer. */
const MOST_TEXT = 60_000;
const MODELS: readonly Small[] = (['2', '3'] as const).flatMap((version) =>
  kerasNames(version).map((name) => ({ version, name })),
);
const CLASSES = [
  'Add',
  'Concatenate',
  'Dense',
  'GRU',
  'LSTM',
  'Bidirectional',
  'Masking',
  'Embedding',
  'Functional',
];

/** A model and its topology, as the bytes of an input. */
interface Input extends Small {
  readonly topology: unknown;
}

export class KerasModels {
  make(random: Random): Uint8Array {
    const small = random.pick(MODELS);
    const { modelTopology: topology } = artifactsOf(kerasFixture(small.version, small.name));
    const changes = random.integer(1, 4);
    for (let i = 0; i < changes; i++) change(topology, random);
    return Buffer.from(JSON.stringify({ ...small, topology } satisfies Input));
  }

  async judge(bytes: Uint8Array): Promise<Verdict> {
    const { version, name, topology } = JSON.parse(Buffer.from(bytes).toString()) as Input;
    const artifacts = { ...artifactsOf(kerasFixture(version, name)), modelTopology: topology as object };
    const { numTensors } = tf.memory();
    const before = new Set(Object.values(tf.engine().state.registeredVariables));
    let verdict: Verdict = 'read';
    try {
      await loadKerasModel(artifacts);
      for (const variable of Object.values(tf.engine().state.registeredVariables))
        if (!before.has(variable)) variable.dispose();
    } catch (error) {
      verdict = verdictOf(error);
    }
    const left = tf.memory().numTensors - numTensors;
    if (left > 0) throw new Error(`${left} tensors were left`);
    return verdict;
  }

  remove(): void {}
}

/** Changes one place. Sizes stay small: they say how much memory a model takes, and not how its graph lies. */
function change(topology: unknown, random: Random): void {
  const sites = sitesOf(topology);
  const names = sites.filter(({ parent, key }) => key === 'name' && typeof parent[key] === 'string');
  const lists = sites.filter(
    ({ parent, key }) => Array.isArray(parent[key]) && (parent[key] as []).length > 0,
  );
  if (names.length === 0 || lists.length === 0) return;
  const site = random.pick(sites);
  const list = random.pick(lists);
  const items = list.parent[list.key] as unknown[];
  const at = random.integer(0, items.length - 1);
  const isLong = JSON.stringify(topology).length > MOST_TEXT;
  const kind = random.integer(0, 7);
  if (kind === 0) rename(sites, random.pick(names), random);
  else if (kind === 1) set(site, random.pick([null, true, false, [], {}, 'x', -1, 0, 1, 2]));
  else if (kind === 2) items.splice(at, 1);
  else if (kind === 3) swap(items, at, random.integer(0, items.length - 1));
  else if (kind === 4 && !isLong) items.push(structuredClone(items[at]));
  else if (kind === 5 && !isLong) {
    const other = random.pick(sites);
    set(site, structuredClone(other.parent[other.key]));
  } else if (kind === 6) {
    const classes = sites.filter(({ key }) => key === 'class_name');
    if (classes.length > 0) set(random.pick(classes), random.pick(CLASSES));
  } else pointElsewhere(sites, random.pick(names), random);
}

/** All places, from the outside in. */
function sitesOf(topology: unknown): Site[] {
  const sites: Site[] = [];
  const open = [topology];
  for (const value of open) {
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Object.keys(value)) {
      const parent = value as Record<string, unknown>;
      sites.push({ parent, key });
      open.push(parent[key]);
    }
  }
  return sites;
}

function set({ parent, key }: Site, value: unknown): void {
  parent[key] = value;
}

function swap(items: unknown[], a: number, b: number): void {
  [items[a], items[b]] = [items[b], items[a]];
}

/** Gives a layer another name at one place, at some, or at all. */
function rename(sites: readonly Site[], { parent, key }: Site, random: Random): void {
  const old = parent[key];
  const name = random.pick(['gone', 'x', `${old}_1`]);
  const share = random.pick([0, 0.5, 1]);
  set({ parent, key }, name);
  for (const site of sites) if (site.parent[site.key] === old && random.chance(share)) set(site, name);
}

/** Lets a reference to a layer point to another layer, call or output: backwards, forwards, to itself. */
function pointElsewhere(sites: readonly Site[], { parent, key }: Site, random: Random): void {
  const isReference = ({ parent: ref }: Site) =>
    Array.isArray(ref) && ref.length >= 3 && typeof ref[0] === 'string' && Number.isInteger(ref[1]);
  const references = sites.filter(isReference);
  if (references.length === 0) return;
  const ref = random.pick(references).parent as unknown as unknown[];
  if (random.chance(0.6)) ref[0] = parent[key];
  if (random.chance(0.3)) ref[1] = random.integer(-1, 3);
  if (random.chance(0.2)) ref[2] = random.integer(-1, 3);
}
