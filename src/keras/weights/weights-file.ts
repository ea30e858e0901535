/** Checks the weights of a model file before they are decoded. */

import { io } from '@tensorflow/tfjs-core';
import { show } from '../../check.js';
import { formatError } from '../../state-dict/rules/format-codes.js';
import { invalidModel, isObject, type JsonObject, WHERE } from '../json.js';

export interface WeightsFile {
  readonly specs: readonly io.WeightsManifestEntry[];
  readonly data: ArrayBuffer;
}

/** Bytes of an element, by the dtypes of weights that tfjs decodes. It has no layer with complex weights. */
const ELEMENT_BYTES: ReadonlyMap<unknown, number> = new Map([
  ['float32', 4],
  ['int32', 4],
  ['bool', 1],
]);

/** Bytes of a quantized element, and the dtypes of weights that it stands for. */
const QUANTIZED: ReadonlyMap<unknown, { readonly bytes: number; readonly of: readonly unknown[] }> = new Map([
  ['uint8', { bytes: 1, of: ['float32', 'int32'] }],
  ['uint16', { bytes: 2, of: ['float32', 'int32'] }],
  ['float16', { bytes: 2, of: ['float32'] }],
]);

/** @throws FormatError when the weights are absent, or their size is not the declared one. */
export function weightsFile({ weightSpecs, weightData }: io.ModelArtifacts): WeightsFile {
  if (!Array.isArray(weightSpecs))
    throw invalidModel('weightSpecs', 'a list, from the weightsManifest of model.json', show(weightSpecs));
  if (weightData == null) throw invalidModel('weightData', 'the bytes of the weights', show(weightData));
  const data = io.CompositeArrayBuffer.join(weightData);
  const total = declaredBytes(weightSpecs);
  if (total !== data.byteLength) {
    const rule = `${total} bytes for the weights`;
    throw formatError('INVALID_TENSOR', WHERE, 'weightData', rule, `${data.byteLength}`);
  }
  return { specs: weightSpecs, data };
}

/**
 * The bytes that weights have in all.
 * @throws FormatError for entries that tfjs does not decode, and for two of one name.
 */
export function declaredBytes(specs: readonly unknown[]): number {
  const names = new Set<string>();
  let total = 0;
  for (const spec of specs) {
    total += byteSize(spec);
    const { name } = spec as io.WeightsManifestEntry;
    if (names.has(name)) {
      const remedy = 'Layers of several models share a name: rename them in Keras';
      throw invalidModel('weightsManifest', 'each name once', `${show(name)} twice`, remedy);
    }
    names.add(name);
  }
  return total;
}

function byteSize(spec: unknown): number {
  if (!isObject(spec) || typeof spec.name !== 'string')
    throw invalidModel('weightsManifest', 'entries with name, shape and dtype', show(spec));
  const { name, shape } = spec;
  const what = `weight ${show(name)}`;
  if (!Array.isArray(shape) || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw invalidModel(`shape of ${what}`, 'a list of sizes', show(shape));
  return shape.reduce((product, size) => product * size, elementBytes(what, spec));
}

/** @throws FormatError for a dtype that tfjs does not decode, and for parameters that are no numbers, with which it would compute. */
function elementBytes(what: string, spec: JsonObject): number {
  const { dtype, quantization } = spec;
  if (!('quantization' in spec)) return known(`dtype of ${what}`, ELEMENT_BYTES, dtype);
  if (!isObject(quantization)) throw invalidModel(`quantization of ${what}`, 'an object', show(quantization));
  const { bytes, of } = known(`quantization.dtype of ${what}`, QUANTIZED, quantization.dtype);
  if (!of.includes(dtype)) {
    const rule = `${of.join(' or ')}, quantized as ${quantization.dtype}`;
    throw formatError('UNKNOWN_DTYPE', WHERE, `dtype of ${what}`, rule, show(dtype));
  }
  if (quantization.dtype === 'float16') return bytes;
  for (const key of ['scale', 'min'])
    if (!Number.isFinite(quantization[key]))
      throw invalidModel(`quantization.${key} of ${what}`, 'a finite number', show(quantization[key]));
  return bytes;
}

function known<Value>(what: string, values: ReadonlyMap<unknown, Value>, dtype: unknown): Value {
  const found = values.get(dtype);
  if (found !== undefined) return found;
  const rule = `one of ${[...values.keys()].join(', ')}`;
  throw formatError('UNKNOWN_DTYPE', WHERE, what, rule, show(dtype));
}
