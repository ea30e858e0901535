/** The calls that make tensors, as `torch/_utils.py` defines them. */

import { showShape } from '../../../../check.js';
import { formatError } from '../../../rules/format-codes.js';
import { MAX_RANK } from '../../../rules/limits.js';
import type { WorkBudget } from '../../../rules/work.js';
import { elementCount } from '../../../tensors/dtypes.js';
import type { CheckpointNode } from '../../checkpoint.js';
import { RefusedNode } from '../../nodes.js';
import { textOf } from '../../pickle/text.js';
import { asKind, isUnchangedSince, type PickleCall, type PickleValue } from '../../pickle/values.js';
import { type ElementType, elementTypeNamed, ON_META } from './dtypes.js';
import { isTensorClass, nameOfGlobal, REBUILD } from './globals.js';
import { invalid, WHERE } from './invalid.js';
import { nameOfStorage, type Storage, type Storages } from './storages.js';

export type TensorResult = Extract<CheckpointNode, { kind: 'stored' | 'refused' }>;

type Arguments = readonly (PickleValue | undefined)[];

/** What the tensors of a file have in common. */
interface TensorFile {
  readonly storages: Storages;
  readonly work: WorkBudget;
}

/** Sizes, strides and the text of both take as much memory as a step. */
const DIMENSIONS_PER_STEP = 4;

/** A parameter of a subclass is two calls around a third. A hostile pickle may make a cycle of them. */
const MAX_WRAPPERS = 8;

/** `(maker, class, arguments, attributes)`: a tensor with attributes, or of a subclass. */
const FROM_TYPE = /^torch\._?tensor\._rebuild_from_type_v2$/;

/** Functions that make a parameter of the tensor in their first argument. */
const PARAMETERS: ReadonlySet<string> = new Set([
  'torch._utils._rebuild_parameter',
  'torch._utils._rebuild_parameter_with_state',
]);

/** The number of arguments of a function that makes plain tensors, and the indices of those that not all have. */
interface PlainMaker {
  readonly fewest: number;
  readonly most: number;
  readonly dtype?: number;
  readonly metadata?: number;
}

/** All begin with `storage, offset, size, stride`. Without a dtype the tensor has that of its storage. */
const PLAIN = new Map<string, PlainMaker>([
  ['torch._utils._rebuild_tensor', { fewest: 4, most: 4 }],
  ['torch._utils._rebuild_tensor_v2', { fewest: 6, most: 7, metadata: 6 }],
  ['torch._utils._rebuild_tensor_v3', { fewest: 7, most: 8, dtype: 6, metadata: 7 }],
]);

/** The state of tensors in the oldest files: the arguments of `tensor.set_`. */
const STATE: PlainMaker = { fewest: 4, most: 4 };

const SPARSE = 'a sparse tensor, of which t.to_dense() makes a plain one';
const OF_DEVICE = 'a tensor of another device, which t.cpu() fetches';

/** Functions that make tensors with other data than plain elements. */
const REFUSED = new Map([
  ['torch._utils._rebuild_qtensor', 'a quantised tensor, of which t.dequantize() makes a plain one'],
  ['torch._utils._rebuild_sparse_tensor', SPARSE],
  ['torch._utils._rebuild_sparse_csr_tensor', SPARSE],
  ['torch._utils._rebuild_meta_tensor_no_storage', ON_META],
  ['torch._utils._rebuild_nested_tensor', 'a nested tensor, of which t.unbind() makes plain ones'],
  ['torch._utils._rebuild_device_tensor_from_numpy', OF_DEVICE],
  ['torch._utils._rebuild_device_tensor_from_cpu_tensor', OF_DEVICE],
]);

/** Attributes whose setters replace elements. */
const ELEMENT_ATTRIBUTES = ['data', 'real', 'imag'];

/** Marks of lazy views, whose elements are not those stored, and the Python that writes the elements out. */
const LAZY = new Map([
  ['conj', 't.resolve_conj()'],
  ['neg', 't.resolve_neg()'],
]);

/** Whether a call makes a tensor, by the name of its callable. */
export function makesTensor({ callable }: PickleCall): boolean {
  const name = nameOfGlobal(callable);
  return name !== undefined && (REBUILD.test(name) || isTensorClass(name));
}

/**
 * The tensor that a call makes, or why it cannot be read. Every element of it lies inside its storage.
 *
 * @param call  one that `makesTensor`.
 * @param what  the name of the tensor in messages.
 * @throws FormatError where the arguments are not what torch's function of that name takes.
 */
export function tensorOf(call: PickleCall, what: string, storages: Storages, work: WorkBudget): TensorResult {
  let made: PickleCall = call;
  for (let wrappers = 0; wrappers < MAX_WRAPPERS; wrappers++) {
    const step = openCall(made, what, { storages, work });
    if ('kind' in step) return step;
    const inner = asKind(step.inner, 'call');
    if (inner === undefined) throw invalid('INVALID_TENSOR', what, 'a tensor inside it', step.inner);
    if (!isUnchangedSince(inner, step.takenAt))
      throw invalid('INVALID_TENSOR', what, 'a tensor inside that is left as it was made', inner);
    if (!makesTensor(inner)) return new RefusedNode(() => `what ${textOf(inner.callable)} makes`);
    made = inner;
  }
  return refused(`a tensor inside ${MAX_WRAPPERS} others`);
}

/** The tensor inside another, and the place in the pickle where the other took its elements. */
interface InnerTensor {
  readonly inner: PickleValue | undefined;
  readonly takenAt: number;
}

/** The tensor, or the call that makes the tensor inside. */
function openCall(call: PickleCall, what: string, file: TensorFile): TensorResult | InnerTensor {
  let name = nameOfGlobal(call.callable) ?? '';
  let args: Arguments = call.args.items;
  const isStateless = call.state === undefined || isTensorClass(name);
  if (!isStateless || call.kwargs !== undefined)
    throw invalid('INVALID_TENSOR', what, 'a tensor that is left as it was made', call);
  if (FROM_TYPE.test(name)) {
    const className = nameOfGlobal(args[1]) ?? '';
    if (!isTensorClass(className)) {
      const subclass = args[1] ?? null;
      return new RefusedNode(
        () => `a tensor of ${textOf(subclass)}, of which t.as_subclass(torch.Tensor) makes a plain one`,
      );
    }
    const replaced = replacedElements(args[3], call.calledAt);
    if (replaced) return replaced;
    name = nameOfGlobal(args[0]) ?? '';
    args = itemsOf(args[2], what, 'a tuple of arguments');
  }
  if (PARAMETERS.has(name))
    return replacedElements(args[3], call.calledAt) ?? { inner: args[0], takenAt: call.calledAt };
  if (isTensorClass(name)) return openOldTensor(call, args, what, file);
  const maker = PLAIN.get(name);
  if (maker) {
    const marks = maker.metadata === undefined ? undefined : asKind(args[maker.metadata], 'dict');
    if (!isUnchangedSince(marks, call.calledAt))
      throw invalid('INVALID_TENSOR', what, 'metadata that stays as it is', marks);
    return plainTensor(maker, args, what, file);
  }
  return new RefusedNode(() => REFUSED.get(name) ?? `a tensor that ${textOf(call.callable)} makes`);
}

/** An object of a tensor class: with the tensor in its arguments or state, or with a state of its own. */
function openOldTensor(
  { state: value, stateAt = 0, calledAt }: PickleCall,
  args: Arguments,
  what: string,
  file: TensorFile,
): TensorResult | InnerTensor {
  const state = asKind(value, 'tuple')?.items;
  if (state?.length === 4) return plainTensor(STATE, state, what, file);
  if (state?.length === 5) return { inner: state[0], takenAt: stateAt };
  const inner = { inner: args[0], takenAt: calledAt };
  // (requires_grad, volatile, hooks)
  return state?.length === 3 ? inner : (replacedElements(value, stateAt) ?? inner);
}

/** A tensor whose attributes are more than names: `setattr(t, 'data', other)` replaces its elements. */
function replacedElements(state: PickleValue | undefined, takenAt: number): TensorResult | undefined {
  const pair = asKind(state, 'tuple')?.items;
  for (const part of pair?.length === 2 ? pair : [state]) {
    if (part === undefined || part === null) continue;
    const attributes = asKind(part, 'dict');
    if (attributes === undefined || !isUnchangedSince(attributes, takenAt))
      return new RefusedNode(() => `a tensor with the attributes ${textOf(part)}`);
    const replaced = ELEMENT_ATTRIBUTES.find((name) => attributes.entries.has(name));
    if (replaced !== undefined)
      return refused(`a tensor with the attribute ${replaced}, which replaces its elements`);
  }
  return undefined;
}

function refused(reason: string): TensorResult {
  return { kind: 'refused', reason };
}

function plainTensor(
  maker: PlainMaker,
  args: Arguments,
  what: string,
  { storages, work }: TensorFile,
): TensorResult {
  if (args.length < maker.fewest || args.length > maker.most) {
    const rule = `${maker.fewest} to ${maker.most} arguments`;
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${args.length}`);
  }
  const [reference, offset, size, stride] = args;
  const storage = referencedStorage(reference, what, storages);
  const type = maker.dtype === undefined ? storage.type : dtypeOf(args[maker.dtype], storage, what);
  const { begin, end } = storage.view;
  const shape = unsignedList(size, what, 'sizes');
  const strides = unsignedList(stride, what, 'strides');
  // Thousands of tensors may share a shape of 64 dimensions.
  work.spend(1 + shape.length / DIMENSIONS_PER_STEP);
  const first = unsigned(offset, what, 'an offset');
  const count = checkShape(shape, strides, what);
  if (count > 0) checkInside(first, shape, strides, Math.floor((end - begin) / type.bytes), what);
  const lazy = maker.metadata === undefined ? undefined : lazyMark(args[maker.metadata], what);
  if (lazy !== undefined) return new RefusedNode(lazy);
  if (type.dtype === undefined) return refused(type.reason);
  const tensor = { dtype: type.dtype, shape, storage: storage.stored };
  // The offset of an empty tensor need not be inside its storage.
  if (count === 0) return { kind: 'stored', tensor: { ...tensor, byteOffset: 0 } };
  return { kind: 'stored', tensor: { ...tensor, strides, byteOffset: begin + first * type.bytes } };
}

function referencedStorage(reference: PickleValue | undefined, what: string, storages: Storages): Storage {
  const value = asKind(reference, 'persistent') ?? asKind(reference, 'call');
  const storage = value && storages.get(value);
  if (storage) return storage;
  throw invalid('INVALID_TENSOR', what, 'a storage', reference);
}

/** Only a storage without a dtype has tensors with their own: the bytes of any other may be swapped by its dtype. */
function dtypeOf(value: PickleValue | undefined, { type: bytes, key }: Storage, what: string): ElementType {
  const type = elementTypeNamed(nameOfGlobal(value) ?? '');
  if (type === undefined) throw invalid('UNKNOWN_DTYPE', what, 'a dtype of torch', value);
  if (bytes.reason !== undefined) return bytes;
  if (bytes.dtype === 'U8') return type;
  const rule = `${nameOfStorage(key)} to be one without a dtype`;
  throw formatError('INCONSISTENT', WHERE, what, rule, `one of ${bytes.dtype}`);
}

/** The number of elements. */
function checkShape(shape: readonly number[], strides: readonly number[], what: string): number {
  if (strides.length !== shape.length) {
    const rule = `a stride for each of ${shape.length} dimensions`;
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${strides.length}`);
  }
  const count = elementCount(shape);
  if (Number.isNaN(count)) {
    const rule = 'sizes whose product can be counted';
    throw formatError('INVALID_TENSOR', WHERE, what, rule, showShape(shape));
  }
  return count;
}

/** The last element is the farthest, since no stride is negative. Sums beyond 2^53 are rounded, and too large anyway. */
function checkInside(
  first: number,
  shape: readonly number[],
  strides: readonly number[],
  room: number,
  what: string,
): void {
  const last = shape.reduce((place, size, axis) => place + (size - 1) * strides[axis], first);
  if (last < room) return;
  const rule = `elements inside the ${room} of its storage`;
  throw formatError('INVALID_TENSOR', WHERE, what, rule, `element ${last} of ${showShape(shape)}`);
}

/**
 * The reason why the elements are not those stored, where metadata says so. Unknown metadata is such a reason too. As in torch, a
 * mark counts that is there, whatever its value.
 */
function lazyMark(metadata: PickleValue | undefined, what: string): (() => string) | undefined {
  if (metadata === undefined || metadata === null) return undefined;
  const marks = asKind(metadata, 'dict');
  if (marks === undefined) throw invalid('INVALID_TENSOR', what, 'a dict of metadata', metadata);
  const [mark] = marks.entries.keys();
  if (mark === undefined) return undefined;
  const remedy = typeof mark === 'string' ? LAZY.get(mark) : undefined;
  return () =>
    remedy ? `a lazy view, which ${remedy} writes out` : `a tensor with the mark ${textOf(mark)}`;
}

function itemsOf(value: PickleValue | undefined, what: string, rule: string): readonly PickleValue[] {
  const items = asKind(value, 'tuple')?.items;
  if (items) return items;
  throw invalid('INVALID_TENSOR', what, rule, value);
}

/** A tuple of sizes or strides, or a `torch.Size` around one. */
function unsignedList(value: PickleValue | undefined, what: string, rule: string): number[] {
  const size = asKind(value, 'call');
  const isSize = size !== undefined && nameOfGlobal(size.callable) === 'torch.Size';
  const items = itemsOf(isSize ? size.args.items[0] : value, what, rule);
  if (items.length > MAX_RANK) {
    throw formatError('TOO_LARGE', WHERE, what, `at most ${MAX_RANK} ${rule}`, `${items.length}`);
  }
  return items.map((item) => unsigned(item, what, rule));
}

function unsigned(value: PickleValue | undefined, what: string, rule: string): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw invalid('INVALID_TENSOR', what, `${rule} of 0 or more`, value);
}
