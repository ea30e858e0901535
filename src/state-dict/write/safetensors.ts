import { message, show } from '../../check.js';
import { LENGTH_BYTES, METADATA_KEY } from '../formats/safetensors/header.js';
import { FORMAT_MAX_HEADER_BYTES } from '../rules/limits.js';
import { builtinClass, concatenated, requireLittleEndian } from '../tensors/bytes.js';
import { checkTensor } from '../tensors/check.js';
import { DTYPE_NAMES } from '../tensors/dtypes.js';
import type { StateDict, TorchTensor } from '../tensors/tensor.js';

/** The `metadata` of `safetensors.torch.save_file`: text by text. */
export type SafetensorsMetadata = ReadonlyMap<string, string> | Readonly<Record<string, string>>;

const WHERE = 'writeSafetensors';
const DATA_ALIGNMENT = 8;
const SPACE = 0x20;

/**
 * Makes the bytes of a safetensors file, in the order of the reference writer: widest dtype first, then by name, after a header
 * padded to 8 bytes, so that readers can map every tensor in place. The same tensors always give the same bytes.
 *
 * @param metadata  kept under `__metadata__`, in the order given; torch's loaders look for `{ format: 'pt' }`.
 * @throws TypeError or RangeError naming the tensor whose dtype, shape and data do not agree.
 * @throws UnsupportedError on a big-endian machine.
 * @see https://github.com/safetensors/safetensors#format
 */
export function writeSafetensors(
  stateDict: StateDict,
  metadata?: SafetensorsMetadata,
): Uint8Array<ArrayBuffer> {
  return concatenated(safetensorsPieces(stateDict, metadata));
}

/** The same file in pieces: its header, then a view of each tensor's data. */
export function safetensorsPieces(stateDict: StateDict, metadata?: SafetensorsMetadata): Uint8Array[] {
  requireLittleEndian(WHERE);
  const tensors = inFileOrder(stateDict);
  const header = headerOf(tensors, metadata);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setBigUint64(0, BigInt(header.length), true);
  const data = tensors.map(([, tensor]) => {
    const { buffer, byteOffset, byteLength } = tensor.data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  });
  return [length, header, ...data];
}

function inFileOrder(stateDict: StateDict): [string, TorchTensor][] {
  if (builtinClass(stateDict) !== 'Map') {
    throw new TypeError(message(WHERE, 'stateDict', 'a Map of name to tensor', show(stateDict)));
  }
  const encoder = new TextEncoder();
  const ranked = [...stateDict].map(([name, tensor]) => {
    checkName(name);
    checkTensor(WHERE, `tensor ${show(name)}`, tensor);
    const rank = DTYPE_NAMES.indexOf(tensor.dtype);
    return { name, tensor, rank, utf8: encoder.encode(name) };
  });
  ranked.sort((a, b) => b.rank - a.rank || compareBytes(a.utf8, b.utf8));
  return ranked.map(({ name, tensor }) => [name, tensor]);
}

/** The header is UTF-8, which has no lone surrogates, and reserves one name. */
function checkName(name: string): void {
  if (name === METADATA_KEY) {
    throw new RangeError(message(WHERE, 'tensor name', `any but ${METADATA_KEY}`, show(name)));
  }
  checkText('tensor name', name);
}

function checkText(what: string, text: unknown): void {
  if (typeof text !== 'string') throw new TypeError(message(WHERE, what, 'a string', show(text)));
  if (/\p{Surrogate}/u.test(text)) {
    throw new RangeError(message(WHERE, what, 'text without lone surrogates', show(text)));
  }
}

/** The order of UTF-8 text; JavaScript's own `<` puts U+FFFD after U+10000. */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    if (a[i] !== b[i]) return a[i] - b[i];
  }
  return a.length - b.length;
}

function headerOf(tensors: readonly [string, TorchTensor][], metadata?: SafetensorsMetadata): Uint8Array {
  const members: string[] = [];
  if (metadata !== undefined) members.push(`${JSON.stringify(METADATA_KEY)}:${metadataJson(metadata)}`);
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    const end = offset + data.byteLength;
    members.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [offset, end] })}`);
    offset = end;
  }
  const text = new TextEncoder().encode(`{${members.join(',')}}`);
  const padded = Math.ceil(text.length / DATA_ALIGNMENT) * DATA_ALIGNMENT;
  if (padded > FORMAT_MAX_HEADER_BYTES) {
    const rule = `at most ${FORMAT_MAX_HEADER_BYTES} bytes, the limit of the format`;
    throw new RangeError(message(WHERE, 'header', rule, `${padded}`));
  }
  const header = new Uint8Array(padded).fill(SPACE);
  header.set(text);
  return header;
}

/** Members are joined as text: an object would lose the key `__proto__`, and sort keys that look like numbers. */
function metadataJson(metadata: SafetensorsMetadata): string {
  const members = metadataEntries(metadata).map(([key, value]) => {
    checkText('metadata key', key);
    checkText(`metadata ${show(key)}`, value);
    return `${JSON.stringify(key)}:${JSON.stringify(value)}`;
  });
  return `{${members.join(',')}}`;
}

/** The entries of a Map or plain object. */
function metadataEntries(metadata: SafetensorsMetadata): [string, string][] {
  if (builtinClass(metadata) === 'Map') return [...(metadata as ReadonlyMap<string, string>)];
  if (typeof metadata === 'object' && metadata !== null && isPlain(metadata)) return Object.entries(metadata);
  throw new TypeError(message(WHERE, 'metadata', 'a Map or plain object of strings', show(metadata)));
}

/** Whether a value is a plain object: it has no prototype, or the last one. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
