/** Reads what scripts/fixtures/make_keras.py wrote: models of Keras 2.15 and 3 as the converter writes them, and what Keras computes. */

import * as tf from '@tensorflow/tfjs';
import { base64Bytes, type FloatTensor, type IntTensor, parseFixture } from '../support/fixtures.js';
import { fixtureNames, fixtureText } from '../support/node/files.js';

export type KerasVersion = '2' | '3';

/** One call of the model, with its outputs. */
export interface KerasCall {
  readonly inputs: readonly (FloatTensor | IntTensor)[];
  readonly outputs: readonly FloatTensor[];
}

export interface KerasFixture {
  readonly name: string;
  readonly version: KerasVersion;
  /** model.json. */
  readonly model: tf.io.ModelJSON;
  readonly weights: ArrayBuffer;
  readonly calls: readonly KerasCall[];
  /** The factors of the loss `sum(output * factor)`, over all outputs. */
  readonly factors: readonly FloatTensor[];
  /** The gradients of that loss, by the names of the weights; always those of `version` 2. */
  readonly gradients: Readonly<Record<string, FloatTensor>>;
}

interface Stored {
  readonly common: readonly unknown[];
  readonly model: unknown;
  readonly weights: string;
  readonly calls: readonly KerasCall[];
  readonly factors: readonly FloatTensor[];
  readonly gradients: Readonly<Record<string, FloatTensor>>;
}

/** The names of the networks; those with `-keras-file` were converted from a .keras file, the others from an HDF5 file. */
export function kerasNames(version: KerasVersion): string[] {
  return fixtureNames(`keras/${version}`)
    .map((file) => file.replace(/\.json$/, ''))
    .sort();
}

/** The file of Keras 3 holds only what differs from 2.15 by more than rounding; the rest comes from the file of 2.15. */
export function kerasFixture(version: KerasVersion, name: string): KerasFixture {
  const base = read('2', name.replace(/-keras-file$/, ''));
  const own = read(version, name);
  const stored = { ...base, ...own } as Stored;
  const { buffer } = base64Bytes(stored.weights);
  return {
    ...stored,
    name,
    version,
    model: withCommon(stored.model, (own as Stored).common) as tf.io.ModelJSON,
    weights: buffer,
  };
}

function read(version: KerasVersion, name: string): Partial<Stored> {
  const isStored = kerasNames(version).includes(name);
  return isStored ? parseFixture<Partial<Stored>>(fixtureText(`keras/${version}/${name}.json`)) : {};
}

/** Replaces each `{ $, ... }` by `common[$]`, with the keys beside `$` added. */
function withCommon(value: unknown, common: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((item) => withCommon(item, common));
  if (typeof value !== 'object' || value === null) return value;
  const { $: index, ...own } = value as { readonly $?: number };
  const expanded = Object.fromEntries(
    Object.entries(own).map(([key, child]) => [key, withCommon(child, common)]),
  );
  return index === undefined ? expanded : { ...(withCommon(common[index], common) as object), ...expanded };
}

/** The model as a handler of tfjs returns it. */
export function artifactsOf({ model, weights }: KerasFixture): tf.io.ModelArtifacts {
  const { modelTopology, weightsManifest, format, generatedBy } = structuredClone(model);
  const weightSpecs = weightsManifest.flatMap((group) => group.weights);
  return {
    modelTopology: modelTopology as object,
    weightSpecs,
    weightData: weights.slice(0),
    format,
    generatedBy,
  };
}

/** A handler that loads it. */
export function handlerOf(fixture: KerasFixture): tf.io.IOHandler {
  return { load: async () => artifactsOf(fixture) };
}

export function inputTensors({ inputs }: KerasCall): tf.Tensor[] {
  return inputs.map(({ data, shape, dtype }) =>
    tf.tensor(data, [...shape], dtype === 'I32' ? 'int32' : 'float32'),
  );
}

/** Disposes all variables: `model.dispose()` keeps the layers that a model uses twice. */
export function disposeModel(model: tf.LayersModel): void {
  const variables = new Set(model.weights.map((weight) => weight.read() as tf.Variable));
  for (const variable of variables) variable.dispose();
}
