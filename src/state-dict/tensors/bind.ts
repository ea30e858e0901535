/** Reads the elements of tensors: which bytes are requested, and how they become typed arrays. */

import { message, show } from '../../check.js';
import { UnsupportedError } from '../../errors.js';
import type {
  StoredBytes,
  StoredTensor,
  Surroundings,
  TensorNode,
  UnopenedFile,
} from '../formats/checkpoint.js';
import type { StateDictFormat } from '../formats/detect.js';
import { checkCrc32, crc32Of } from '../formats/zip/crc32.js';
import { WHERE } from '../formats/zip/records.js';
import { type ByteRange, inflate, type Reading, readRanges } from '../reading/reading.js';
import { formatError } from '../rules/format-codes.js';
import { expandedBytes } from '../rules/limits.js';
import { alignmentOf, bitsOf, byteLengthOf, viewOf } from './dtypes.js';
import { elementSpan, gather, isRowMajor, swapBytes } from './strides.js';
import type { StateDict, TorchData, TorchTensor } from './tensor.js';

/** A storage, its requested tensors, and the part of it that is read for them. */
interface Plan {
  readonly storage: StoredBytes;
  readonly tensors: readonly StoredTensor[];
  /** In the (inflated) storage. */
  readonly part: ByteRange;
}

/**
 * A storage larger than this is read in part where the requested tensors lie in less than half of it. A part has no checksum, so
 * smaller storages are always read and checked as a whole.
 */
const PARTLY_READ_BYTES = 1 << 20;

/** Alignment of the widest elements. */
const MAX_ALIGNMENT = 8;

/**
 * Reads the elements of tensors, in one request.
 *
 * A row-major, aligned, little-endian tensor is a view of the bytes that were read. Others are copies, whose sum is checked against
 * `maxTensorBytes` and `maxExpansion` before anything is read. Tensors of one storage share its bytes, and equal tensors of it
 * share their data, as tied weights do in torch.
 *
 * @param format  opens messages about the file.
 * @throws FormatError where bytes do not have the checksum or the inflated size that the file declares.
 * @throws RangeError where a limit is exceeded, UnsupportedError for a tensor that cannot be read.
 */
export function* bindTensors(
  nodes: ReadonlyMap<string, TensorNode>,
  file: UnopenedFile,
  format: StateDictFormat,
): Reading<StateDict> {
  const plans = plansFor(nodes, format);
  checkExpansion(copiedBytes(plans) + loadedBytes(nodes), file, file.size);
  const parts = yield* readStored(plans);
  // Now the places of all are known, and with them which can be views; and how much of a declared size is there.
  checkExpansion(copiedBytes(plans) + loadedBytes(nodes), file, file.received?.() ?? file.size);
  const tensors = new Map<StoredTensor, TorchTensor>();
  for (const [i, plan] of plans.entries()) {
    const bytes = yield* storageBytes(plan, plan.storage.bytes ?? parts[i]);
    bindStorage(plan, bytes, tensors);
  }
  const stateDict: StateDict = new Map();
  for (const [name, node] of nodes) {
    if (node.kind === 'loaded') stateDict.set(name, { ...node.tensor, data: node.read() });
    const tensor = node.kind === 'stored' && tensors.get(node.tensor);
    if (tensor) stateDict.set(name, tensor);
  }
  return stateDict;
}

/**
 * Reads the stored bytes of each plan in one request, with what stands around them where that is not checked yet. Where a part
 * is read of bytes whose place is not known, their heads are read before.
 */
function* readStored(plans: readonly Plan[]): Reading<Uint8Array[]> {
  const parted = plans.map(({ storage, part }) => (isWhole(storage, part) ? undefined : storage));
  const unknown = [...new Set(parted)].flatMap((storage) => (storage?.around ? [storage] : []));
  const heads = unknown.map(({ around }) => around as Surroundings);
  const ranges = heads.map(({ begin, headBytes }) => ({ begin, end: begin + headBytes }));
  const headBytes = ranges.length > 0 ? yield* readRanges(ranges) : [];
  for (const [i, storage] of unknown.entries()) locate(storage, heads[i], headBytes[i]);
  const wanted = plans.map(storedRange);
  const parts = wanted.some(({ begin, end }) => begin < end) ? yield* readRanges(wanted) : [];
  return plans.map(({ storage: { around }, storage }, i) => {
    if (around === undefined) return parts[i] ?? NO_BYTES;
    const begin = locate(storage, around, parts[i]);
    return parts[i].subarray(begin, begin + storage.end - storage.begin);
  });
}

const NO_BYTES = new Uint8Array(0);

/** Checks what stands around stored bytes, tells them their place, and returns where they begin in the bytes given. */
function locate(storage: StoredBytes, around: Surroundings, bytes: Uint8Array): number {
  const begin = around.dataBegin(bytes);
  storage.end += around.begin + begin - storage.begin;
  storage.begin = around.begin + begin;
  storage.around = undefined;
  return begin;
}

/** One plan for each storage with requested tensors. */
function plansFor(nodes: ReadonlyMap<string, TensorNode>, format: StateDictFormat): Plan[] {
  // A tensor may have many names.
  const byStorage = new Map<StoredBytes, Set<StoredTensor>>();
  for (const [name, node] of nodes) {
    if (node.kind === 'refused') throw node.error?.() ?? refusal(format, name, node.reason);
    if (node.kind !== 'stored') continue;
    const { tensor } = node;
    const tensors = byStorage.get(tensor.storage);
    if (tensors) tensors.add(tensor);
    else byStorage.set(tensor.storage, new Set([tensor]));
  }
  return [...byStorage].map(([storage, set]) => {
    const tensors = [...set];
    return { storage, tensors, part: neededPart(storage, tensors) };
  });
}

function refusal(format: StateDictFormat, name: string, reason: string): UnsupportedError {
  const remedy = 'Leave it out with select, or save it as a plain tensor';
  return new UnsupportedError(message(format, `tensor ${show(name)}`, 'a plain tensor', reason, remedy));
}

function sizeOf({ begin, end, inflatedBytes }: StoredBytes): number {
  return inflatedBytes ?? end - begin;
}

function neededPart(storage: StoredBytes, tensors: readonly StoredTensor[]): ByteRange {
  const size = sizeOf(storage);
  const isRead = storage.bytes !== undefined || storage.inflatedBytes !== undefined;
  if (isRead || size <= PARTLY_READ_BYTES) return { begin: 0, end: size };
  let [begin, end] = [size, 0];
  for (const tensor of tensors) {
    begin = Math.min(begin, tensor.byteOffset);
    end = Math.max(end, tensor.byteOffset + spannedBytes(tensor));
  }
  return end - begin < size / 2 ? { begin, end } : { begin: 0, end: size };
}

function isWhole(storage: StoredBytes, { begin, end }: ByteRange): boolean {
  return end - begin === sizeOf(storage);
}

/** The range of the part in the file, with what stands around it. */
function storedRange({ storage, part }: Plan): ByteRange {
  const { begin, end, inflatedBytes, around } = storage;
  if (storage.bytes) return { begin: 0, end: 0 };
  if (around) return { begin: around.begin, end: around.end };
  return inflatedBytes === undefined ? { begin: begin + part.begin, end: begin + part.end } : { begin, end };
}

/** Bytes from the first element of a tensor to the last. Dtypes of less than a byte have no strides. */
function spannedBytes({ dtype, shape, strides }: StoredTensor): number {
  return strides ? (elementSpan(shape, strides) * bitsOf(dtype)) / 8 : byteLengthOf(dtype, shape);
}

function isContiguous({ shape, strides }: StoredTensor): boolean {
  return strides === undefined || isRowMajor(shape, strides);
}

/** Bytes allocated beside those of the file: inflated storages, and tensors that cannot be views. */
function copiedBytes(plans: readonly Plan[]): number {
  let total = 0;
  for (const { storage, tensors } of plans) {
    total += storage.inflatedBytes ?? (storage.isOfFile ? 0 : (storage.bytes?.length ?? 0));
    for (const tensor of distinct(tensors)) {
      if (!isView(tensor, storage)) total += byteLengthOf(tensor.dtype, tensor.shape);
    }
  }
  return total;
}

/** One of those with the same elements. Mostly a storage has one tensor. */
function distinct(tensors: readonly StoredTensor[]): Iterable<StoredTensor> {
  return tensors.length < 2 ? tensors : new Map(tensors.map((entry) => [identityOf(entry), entry])).values();
}

function loadedBytes(nodes: ReadonlyMap<string, TensorNode>): number {
  let total = 0;
  for (const node of nodes.values()) {
    if (node.kind === 'loaded') total += byteLengthOf(node.tensor.dtype, node.tensor.shape);
  }
  return total;
}

/**
 * Checks the bytes that will be allocated beside those of the file against their limits.
 *
 * @throws RangeError where they exceed one.
 */
export function checkExpansion(total: number, { where, limits }: UnopenedFile, size: number): void {
  const { maxTensorBytes } = limits;
  const expanded = expandedBytes(size, limits);
  const limit = maxTensorBytes <= expanded ? 'maxTensorBytes' : 'maxExpansion';
  const most = Math.min(maxTensorBytes, expanded);
  if (total <= most) return;
  const rule = `at most ${most} bytes that are not views of the file (limits.${limit})`;
  throw new RangeError(message(where, 'tensors', rule, `${total}`, `Raise limits.${limit} to read them`));
}

/**
 * Whether a tensor can be a view, by its offset in the file: bytes at addresses of other alignment are copied once. Where their
 * place is not known yet, it may be.
 */
function isView(tensor: StoredTensor, storage: StoredBytes): boolean {
  const { dtype, byteOffset } = tensor;
  const isPlaced = storage.inflatedBytes === undefined && storage.around === undefined;
  const offset = isPlaced ? storage.begin + byteOffset : byteOffset;
  return isContiguous(tensor) && !isSwapped(tensor) && offset % alignmentOf(dtype) === 0;
}

function isSwapped({ dtype, storage }: StoredTensor): boolean {
  return !storage.littleEndian && alignmentOf(dtype) > 1;
}

/** Equal for tensors of one storage with the same elements. */
export function identityOf({ dtype, shape, strides, byteOffset }: StoredTensor): string {
  return `${dtype} ${byteOffset} ${shape} ${strides ?? ''}`;
}

function* storageBytes({ storage, part }: Plan, stored: Uint8Array): Reading<Uint8Array> {
  const { inflatedBytes, crc32, what } = storage;
  let bytes = stored;
  if (inflatedBytes !== undefined) {
    bytes = yield* inflate({ wrapper: 'zip', bytes: stored, maxBytes: inflatedBytes, what });
    if (bytes.length !== inflatedBytes) {
      const rule = `${inflatedBytes} bytes when inflated`;
      throw formatError('DAMAGED', WHERE, what, rule, `${bytes.length}`);
    }
  }
  if (crc32 !== undefined && isWhole(storage, part)) checkCrc32(WHERE, what, crc32, crc32Of(bytes));
  return bytes;
}

function bindStorage(
  { storage, tensors, part }: Plan,
  bytes: Uint8Array,
  bound: Map<StoredTensor, TorchTensor>,
): void {
  const known = new Map<string, TorchData>();
  const begin = part.begin + (storage.inflatedBytes === undefined ? storage.begin : 0);
  let moved: Uint8Array | undefined;
  for (const tensor of tensors) {
    const identity = tensors.length < 2 ? '' : identityOf(tensor);
    const offset = tensor.byteOffset - part.begin;
    let source = bytes;
    if (isView(tensor, storage) && (bytes.byteOffset + offset) % alignmentOf(tensor.dtype) !== 0) {
      moved ??= copyAligned(bytes, begin);
      source = moved;
    }
    const data = known.get(identity) ?? dataOf(tensor, source, offset);
    known.set(identity, data);
    bound.set(tensor, { dtype: tensor.dtype, shape: tensor.shape, data });
  }
}

/**
 * A copy at an address with the alignment of the offset in the file. Bytes of other origin, such as a Buffer in the middle of
 * Node's pool, need one: one for the whole storage, however many tensors are views of it.
 */
function copyAligned(bytes: Uint8Array, offset: number): Uint8Array {
  const shift = offset % MAX_ALIGNMENT;
  const copy = new Uint8Array(shift + bytes.length).subarray(shift);
  copy.set(bytes);
  return copy;
}

/** @param offset  offset of element 0 in `bytes`. */
function dataOf(tensor: StoredTensor, bytes: Uint8Array, offset: number): TorchData {
  const { dtype, shape, strides } = tensor;
  const size = byteLengthOf(dtype, shape);
  const spanned = bytes.subarray(offset, offset + spannedBytes(tensor));
  const isAligned = spanned.byteOffset % alignmentOf(dtype) === 0;
  if (isContiguous(tensor) && isAligned && !isSwapped(tensor))
    return viewOf(dtype, spanned.buffer, spanned.byteOffset, size);
  const copy =
    strides === undefined || isContiguous(tensor)
      ? spanned.slice(0, size)
      : gather(spanned, bitsOf(dtype) / 8, shape, strides);
  if (isSwapped(tensor)) swapBytes(copy, alignmentOf(dtype));
  return viewOf(dtype, copy.buffer, 0, size);
}
