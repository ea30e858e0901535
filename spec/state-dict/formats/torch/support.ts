import { readFileSync } from 'node:fs';
import type {
  Checkpoint,
  CheckpointDict,
  StoredTensor,
} from '../../../../src/state-dict/formats/checkpoint.js';
import { openTorch } from '../../../../src/state-dict/formats/torch/open.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import { bitsOf, elementCount, viewOf } from '../../../../src/state-dict/tensors/dtypes.js';
import type { StateDict, TorchTensor } from '../../../../src/state-dict/tensors/tensor.js';
import { utf8 } from '../../support.js';
import { bytesOfParts, int, type Part, text, tuple } from '../pickle/support.js';
import { opened, readAll, writeZip } from '../zip/support.js';

/** A stored file of torch's. */
export function torchFile(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../../../fixtures/torch-files/${name}`, import.meta.url)));
}

export function openBytes(bytes: Uint8Array, limits: object = {}): Checkpoint {
  return readAll(openTorch(opened(bytes, limits)), bytes);
}

export function openFile(name: string): Checkpoint {
  return openBytes(torchFile(name));
}

/** An archive as torch writes it. Records are by their name in the folder; one that is undefined is left out. */
export function torchZip(
  pickle: Uint8Array,
  records: Readonly<Record<string, string | Uint8Array | undefined>> = {},
  folder = 'archive/',
): Uint8Array {
  const all = { 'data.pkl': pickle, version: '3\n', ...records };
  const entries = Object.entries(all).flatMap(([name, data]) =>
    data === undefined ? [] : [{ name: folder + name, data: typeof data === 'string' ? utf8(data) : data }],
  );
  return writeZip(entries).bytes;
}

/** A pickle of protocol 2. */
export function pickled(...parts: readonly Part[]): Uint8Array {
  return bytesOfParts('\x80\x02', ...parts, '.');
}

/** A pickle of a dict of text to what the parts push. */
export function pickledDict(entries: Readonly<Record<string, readonly Part[]>>): Uint8Array {
  return pickled('}(', ...Object.entries(entries).flatMap(([key, parts]) => [text(key), ...parts]), 'u');
}

/** Instructions that refer to a storage. */
export function storagePart(className: string, key: string, count: number, ...view: readonly Part[]): Part {
  const storageClass = `ctorch\n${className}\n`;
  return bytesOfParts(tuple(text('storage'), storageClass, text(key), text('cpu'), int(count), ...view), 'Q');
}

/** Instructions that make a tuple of ints. */
export function ints(...values: readonly number[]): Part {
  return tuple(...values.map(int));
}

/** Instructions that make an OrderedDict of nothing, as torch's hooks are. */
export const NO_HOOKS = 'ccollections\nOrderedDict\n)R';

/** Instructions that make a tensor of `_rebuild_tensor_v2`. */
export function tensorPart(
  storage: Part,
  offset: number,
  shape: Part,
  strides: Part,
  ...metadata: readonly Part[]
): Part {
  const args = tuple(storage, int(offset), shape, strides, '\x89', NO_HOOKS, ...metadata);
  return bytesOfParts('ctorch._utils\n_rebuild_tensor_v2\n', args, 'R');
}

/** Floats as torch stores them. */
export function floats(...values: readonly number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

/** What torch says a file holds: tensors under dotted names, in the order of the file. */
export function expectedOf(name: string): StateDict {
  const bytes = torchFile(`${name}.safetensors`);
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const tensors = parseStateDict(bytes);
  const order: string[] = header.__metadata__.order.split('\n');
  return new Map(order.map((key) => [key, tensors.get(key) as TorchTensor]));
}

/** The tensors of a checkpoint under dotted names, element by element. Each dict is entered once. */
export function tensorsIn(root: CheckpointDict, file: Uint8Array): StateDict {
  const tensors: StateDict = new Map();
  const seen = new Set<CheckpointDict>();
  const visit = (dict: CheckpointDict, prefix: string): void => {
    if (seen.has(dict)) return;
    seen.add(dict);
    for (const [key, node] of dict) {
      if (node.kind === 'stored') tensors.set(prefix + key, gathered(node.tensor, file));
      if (node.kind === 'dict') visit(node.entries, `${prefix}${key}.`);
    }
  };
  visit(root, '');
  return tensors;
}

/** Elements in row-major order and the order of bytes of this machine, by index arithmetic and nothing else. */
function gathered(
  { dtype, shape, strides, storage, byteOffset }: StoredTensor,
  file: Uint8Array,
): TorchTensor {
  const { around, begin, end } = storage;
  const place = around ? around.begin + around.dataBegin(file.subarray(around.begin, around.end)) : begin;
  const bytes = storage.bytes ?? file.subarray(place, place + end - begin);
  const size = bitsOf(dtype) / 8;
  const part = dtype === 'C64' ? size / 2 : size;
  const out = new Uint8Array(elementCount(shape) * size);
  for (let element = 0; element < elementCount(shape); element++) {
    let rest = element;
    let place = byteOffset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += (rest % shape[axis]) * (strides ?? rowMajor(shape))[axis] * size;
      rest = Math.floor(rest / shape[axis]);
    }
    if (place < 0 || place + size > bytes.length) throw new Error(`element ${element} outside its storage`);
    for (let i = 0; i < size; i++) {
      const from = storage.littleEndian ? i : i - (i % part) + part - 1 - (i % part);
      out[element * size + i] = bytes[place + from];
    }
  }
  return { dtype, shape, data: viewOf(dtype, out.buffer, 0, out.length) };
}

function rowMajor(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
}
