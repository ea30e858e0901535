import { expect } from 'chai';
import type { UnopenedFile } from '../../src/state-dict/formats/checkpoint.js';
import type { ParseOptions } from '../../src/state-dict/options.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import type { FormatCode } from '../../src/state-dict/rules/format-codes.js';
import { type ReadLimits, resolveLimits } from '../../src/state-dict/rules/limits.js';
import { WorkBudget } from '../../src/state-dict/rules/work.js';
import { checkTensor } from '../../src/state-dict/tensors/check.js';
import { DTYPE_NAMES } from '../../src/state-dict/tensors/dtypes.js';
import type { StateDict, TorchTensor } from '../../src/state-dict/tensors/tensor.js';
import { fixtureBytes } from '../support/node/files.js';

/** What to do with a folder. */
export const FOLDER_REMEDY =
  'Name the file in it; a model in several files needs its model.safetensors.index.json';

/** Path of a stored file. */
export function fixturePath(name: string): URL {
  return new URL(`../fixtures/safetensors/${name}`, import.meta.url);
}

/** A stored file in memory of its own, as a browser would hold it; small Buffers of Node share a pool. */
export function fixture(name: string): Uint8Array<ArrayBuffer> {
  return fixtureBytes(`safetensors/${name}`);
}

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A safetensors file with this header text and data, right or wrong; `length` lies about the header. */
export function safetensorsFile(
  header: string | Uint8Array,
  data: ArrayLike<number> = [],
  length?: bigint,
): Uint8Array {
  const text = typeof header === 'string' ? utf8(header) : header;
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

/** The error that `run` throws, which must be one. */
export function errorOf(run: () => unknown): Error & { code?: FormatCode } {
  try {
    run();
  } catch (error) {
    expect(error).to.be.instanceOf(Error);
    return error as Error;
  }
  throw new Error('expected an error, and none was thrown');
}

/** The error that a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { code?: FormatCode }> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).to.be.instanceOf(Error);
  return outcome as Error;
}

/** The tensors of a safetensors file. */
export function parseSafetensors(bytes: Uint8Array | ArrayBuffer, options: ParseOptions = {}): StateDict {
  return parseStateDict(bytes, { ...options, format: 'safetensors' });
}

/** The tensors of JSON text. */
export function parseJson(bytes: Uint8Array | ArrayBuffer, options: ParseOptions = {}): StateDict {
  return parseStateDict(bytes, { ...options, format: 'json' });
}

/** The work that a file of this size may ask for. */
export function workFor(size: number, limits: ReadLimits = {}): WorkBudget {
  return new WorkBudget(size, resolveLimits('spec', limits));
}

/** A file as readers of formats are told of it. */
export function openedFile(size: number, limits: ReadLimits = {}): UnopenedFile {
  return { where: 'spec', size, limits: resolveLimits('spec', limits), work: workFor(size, limits) };
}

/** Raw bytes of a tensor's elements. */
export function bytesOf({ data }: TorchTensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** Fails unless every tensor is what its dtype and shape say. */
export function expectWellFormed(stateDict: StateDict): void {
  for (const [name, tensor] of stateDict) {
    expect(DTYPE_NAMES).to.include(tensor.dtype);
    checkTensor('spec', name, tensor);
  }
}

/** Same names in the same order, same dtypes and shapes, same bits (NaN payloads and -0 too). */
export function expectSameBits(actual: StateDict, expected: StateDict): void {
  expect([...actual.keys()]).to.deep.equal([...expected.keys()]);
  for (const [name, tensor] of expected) {
    const { dtype, shape } = actual.get(name)!;
    expect({ name, dtype, shape }).to.deep.equal({ name, dtype: tensor.dtype, shape: tensor.shape });
    expect(Buffer.compare(bytesOf(actual.get(name)!), bytesOf(tensor)), name).to.equal(0);
  }
}
