import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { expect } from 'chai';
import type {
  CheckpointNode,
  InputFile,
  StoredTensor,
} from '../../../../src/state-dict/formats/checkpoint.js';
import { openNpz } from '../../../../src/state-dict/formats/numpy/npz.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { bitsOf } from '../../../../src/state-dict/tensors/dtypes.js';
import { utf8 } from '../../support.js';
import { opened, readAll } from '../zip/support.js';

/** A stored file, in memory of its own. */
export function numpyFixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../../fixtures/numpy/${name}`, import.meta.url)));
}

/** What Python says an array is, its elements row-major and little-endian. */
export interface ExpectedArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly hex: string;
}

export const EXPECTED: Readonly<Record<string, Readonly<Record<string, ExpectedArray>>>> = JSON.parse(
  Buffer.from(numpyFixture('expected.json')).toString(),
);

/** The tensor of a node, which must be a stored one. */
export function storedTensor(node: CheckpointNode | undefined): StoredTensor {
  if (node?.kind !== 'stored') expect.fail(`expected a stored tensor, got ${JSON.stringify(node)}`);
  return node.tensor;
}

/** The values of an npz file by name, in the order of the file, the arrays opened. */
export function openedNodes(
  file: Uint8Array,
  { limits = {}, seen = [], withElements = true, file: input = opened(file, limits) }: OpenedOptions = {},
): Map<string, CheckpointNode> {
  const { root, openArrays } = readAll(openNpz(input), file, seen);
  const unopened = [...root].flatMap(([name, node]) =>
    node.kind === 'unopened' ? ([[name, node.entry]] as const) : [],
  );
  const { nodes } = readAll(openArrays!(new Map(unopened), withElements), file, seen);
  return new Map([...root].map(([name, node]) => [name, nodes.get(name) ?? node]));
}

export interface OpenedOptions {
  readonly limits?: object;
  readonly file?: InputFile;
  readonly seen?: ReadingRequest[];
  readonly withElements?: boolean;
}

/** A node's tensor as Python describes it, element by element. */
export function described(node: CheckpointNode | undefined, file: Uint8Array): ExpectedArray {
  const { dtype, shape, strides, storage, byteOffset } = storedTensor(node);
  const stored = storage.bytes ?? file.subarray(storage.begin, storage.end);
  if (storage.isOfFile) expect(file.subarray(storage.begin, storage.end)).to.deep.equal(stored);
  const bytes = storage.inflatedBytes === undefined ? stored : inflateRawSync(stored);
  const size = bitsOf(dtype) / 8;
  const part = dtype === 'C64' ? size / 2 : size;
  const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const count = shape.reduce((product, n) => product * n, 1);
  const elements = Array.from({ length: count }, (_, flat) => {
    const place = shape.reduce((sum, n, axis) => {
      const index = Math.floor(flat / rowMajor[axis]) % n;
      return sum + index * (strides ?? rowMajor)[axis];
    }, 0);
    const begin = byteOffset + place * size;
    expect(begin + size).to.be.at.most(bytes.length);
    const element = Buffer.from(bytes.subarray(begin, begin + size));
    const parts = [element.subarray(0, part), element.subarray(part)];
    return Buffer.concat(storage.littleEndian ? parts : parts.map((piece) => piece.reverse()));
  });
  return { dtype, shape, hex: Buffer.concat(elements).toString('hex') };
}

/** An npy file with this dict and so many bytes of data. */
export function npyFile(dict: string | Uint8Array, dataBytes = 0, major = 1): Uint8Array<ArrayBuffer> {
  const text = typeof dict === 'string' ? utf8(dict) : dict;
  const begin = major === 1 ? 10 : 12;
  const file = new Uint8Array(begin + text.length + dataBytes);
  file.set([0x93, ...utf8('NUMPY'), major, 0]);
  const view = new DataView(file.buffer);
  if (major === 1) view.setUint16(8, text.length, true);
  else view.setUint32(8, text.length, true);
  file.set(text, begin);
  return file;
}

/** The dict that numpy writes. */
export function npyDict(descr: string, shape: string, fortran = false): string {
  return `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${shape}, }`;
}
