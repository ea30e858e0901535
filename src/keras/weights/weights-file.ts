/** Checks the weights of a model file before they are decoded. */

import { io } from '@tensorflow/tfjs-core';
import { show } from '../../check.js';
import { formatError } from '../../state-dict/rules/format-codes.js';
import { invalidModel, isObject, WHERE } from '../json.js';

export interface WeightsFile {
  readonly specs: readonly io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
}

/** Bytes of an element, by the dtypes that tfjs decodes. */
const ELEMENT_BYTES: ReadonlyMap<unknown, number> = new Map([
  ['float32', 4],
  ['int32', 4],
  ['bool', 1],
  ['uint8', 1],
  ['uint16', 2],
  ['float16', 2],
  ['complex64', 8],
]);

/** @throws FormatError when the weights are absent, or their size is not the declared one. */
export function weightsFile({ weightSpecs, weightData }: io.ModelArtifacts): WeightsFile {
  if (!Array.isArray(weightSpecs))
    throw invalidModel('weightSpecs', 'a list, from the weightsManifest of model.json', show(weightSpecs));
  if (weightData == null) throw invalidModel('weightData', 'the bytes of the weights', show(weightData));
  const data = io.CompositeArrayBuffer.join(weightData);
  const names = new Set<string>();
  let total = 0;
  for (const spec of weightSpecs) {
    total += byteSize(spec);
    if (names.has(spec.name)) {
      const remedy = 'Layers of several models share a name: rename them in Keras';
      throw invalidModel('weightsManifest', 'each name once', `${show(spec.name)} twice`, remedy);
    }
    names.add(spec.name);
  }
  if (total !== data.byteLength) {
    const rule = `${total} bytes for the weights`;
    throw formatError('INVALID_TENSOR', WHERE, 'weightData', rule, `${data.byteLength}`);
  }
  return { specs: weightSpecs, data };
}

function byteSize(spec: unknown): number {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw invalidModel('weightsManifest', 'entries with name, shape and dtype', show(spec));
  const { name, shape, dtype, quantization } = spec;
  const what = `weight ${show(name)}`;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw invalidModel(`shape of ${what}`, 'a list of sizes', show(shape));
  const stored = isObject(quantization) ? quantization.dtype : dtype;
  const bytes = ELEMENT_BYTES.get(stored);
  if (bytes === undefined) {
    const rule = `one of ${[...ELEMENT_BYTES.keys()].join(', ')}`;
    throw formatError('UNKNOWN_DTYPE', WHERE, `dtype of ${what}`, rule, show(stored));
  }
  return shape.reduce((product, size) => product * size, bytes);
}
