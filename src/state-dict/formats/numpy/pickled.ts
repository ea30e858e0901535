/** NumPy's arrays and scalars in a pickle, as data. */

import { showShape } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import type { WorkBudget } from '../../rules/work.js';
import { latin1Of } from '../../tensors/bytes.js';
import { byteLengthOf, elementCount } from '../../tensors/dtypes.js';
import { columnMajor } from '../../tensors/strides.js';
import type { CheckpointNode, StoredTensor } from '../checkpoint.js';
import { RefusedNode } from '../nodes.js';
import type { PickledBytes } from '../pickle/bytes.js';
import { textOf } from '../pickle/text.js';
import { asKind, isUnchangedSince, type PickleCall, type PickleValue } from '../pickle/values.js';
import { type NpyDtype, type RefusedArray, readDescr, STRUCTURED } from './descr.js';

const WHERE = 'numpy';

/** numpy 2 has renamed `numpy.core`. */
const MAKER = /^numpy\._?core\.(?:_?multiarray(?:_umath)?|numeric)\.(_reconstruct|_frombuffer|scalar)$/;

/** Functions that make arrays of other kinds, and the Python that makes a plain one of an array `x`. */
const FOREIGN = new Map([
  ['numpy.ma.core._mareconstruct', 'a masked array, of which x.data is the plain one without its mask'],
  ['jax._src.array._reconstruct_array', 'an array of JAX, of which numpy.asarray(x) makes a plain one'],
  ['array.array', 'an array.array, of which numpy.array(x) makes a plain one'],
  ['array._array_reconstructor', 'an array.array, of which numpy.array(x) makes a plain one'],
]);

/** Subclasses whose elements are those of the array. */
const ARRAY_CLASSES: ReadonlySet<string> = new Set([
  'numpy.ndarray',
  'numpy.matrix',
  'numpy.matrixlib.defmatrix.matrix',
  'numpy.memmap',
  'numpy.core.memmap.memmap',
  'numpy._core.memmap.memmap',
]);

const NAMES = /^numpy\.(dtype|dtypes\.\w+)$/;

/** Whether a class or function is one that arrays and scalars are made by. */
export function isKnownArrayName(name: string): boolean {
  return MAKER.test(name) || FOREIGN.has(name) || ARRAY_CLASSES.has(name) || NAMES.test(name);
}

type Maker = '_reconstruct' | '_frombuffer' | 'scalar';

function nameOf({ callable }: PickleCall): string {
  return asKind(callable, 'global')?.fullName ?? '';
}

function makerOf(call: PickleCall): Maker | undefined {
  return MAKER.exec(nameOf(call))?.[1] as Maker | undefined;
}

/** Whether a call makes an array or a scalar of NumPy's, or an array of another kind. */
export function makesArray(call: PickleCall): boolean {
  return makerOf(call) !== undefined || FOREIGN.has(nameOf(call));
}

/** What an array holds: numbers, Python objects, or what is neither (texts, dates). Records and raw bytes may be numbers. */
export function kindOfArray(call: PickleCall): 'numbers' | 'objects' | 'other' {
  const state = asKind(call.state, 'tuple')?.items ?? [];
  const dtypes = { _reconstruct: state.at(-3), _frombuffer: call.args.items[1], scalar: call.args.items[0] };
  const [name] = asKind(dtypes[makerOf(call) ?? 'scalar'], 'call')?.args.items ?? [];
  if (typeof name !== 'string') return 'numbers';
  return /^O/.test(name) ? 'objects' : /^[SUMm]/.test(name) ? 'other' : 'numbers';
}

/** An array of Python objects: a container of them. */
export interface ObjectArray {
  readonly kind: 'objects';
  readonly shape: readonly number[];
  readonly items: readonly PickleValue[];
}

export type ArrayResult = Extract<CheckpointNode, { kind: 'stored' | 'refused' }> | ObjectArray;

/** What a pickle says of an array, by whichever function makes it. */
interface Described {
  readonly dtype: PickleValue | undefined;
  readonly shape: readonly number[];
  readonly strides?: readonly number[] | undefined;
  readonly data: PickleValue | undefined;
}

/**
 * The array or scalar that a call makes.
 *
 * @param call  one that `makesArray`.
 * @param what  its name in messages.
 * @throws FormatError where the call is not as NumPy writes it, or its bytes are not those of its dtype and shape.
 */
export function arrayOf(call: PickleCall, what: string, bytes: PickledBytes, work: WorkBudget): ArrayResult {
  const foreign = FOREIGN.get(nameOf(call));
  if (foreign !== undefined) return refused(foreign);
  const maker = makerOf(call);
  const className = asKind(call.args.items[0], 'global')?.fullName ?? '';
  if (maker === '_reconstruct' && !ARRAY_CLASSES.has(className))
    return new RefusedNode(
      () =>
        `an array of class ${textOf(call.args.items[0] ?? null)}, of which numpy.asarray(x) makes a plain one`,
    );
  const takenAt = (maker === '_reconstruct' ? call.stateAt : call.calledAt) ?? 0;
  const { dtype, shape, strides, data } = describedBy(maker, call, takenAt, what);
  work.spend(1 + shape.length);
  if (Number.isNaN(elementCount(shape))) {
    const rule = 'sizes whose product can be counted';
    throw formatError('INVALID_TENSOR', WHERE, what, rule, showShape(shape));
  }
  const type = elementType(dtype, takenAt, what);
  if (type === 'objects') return objectArray(shape, data, takenAt, what);
  if ('refused' in type) return refused(type.refused);
  const found = bytes.of(data);
  if (found === undefined) throw unfit(what, 'bytes of its elements', data);
  const wanted = byteLengthOf(type.dtype, shape);
  if (found.length !== wanted) {
    const rule = `${wanted} bytes for ${type.dtype} ${showShape(shape)}`;
    throw formatError('INVALID_TENSOR', WHERE, what, rule, `${found.length}`);
  }
  return stored(type, shape, strides, found, what, maker === 'scalar');
}

/** A node whose bytes are in memory already. */
function stored(
  { dtype, littleEndian }: NpyDtype,
  shape: readonly number[],
  strides: readonly number[] | undefined,
  bytes: Uint8Array,
  what: string,
  isBareScalar: boolean,
): ArrayResult {
  const storage = { begin: 0, end: bytes.length, littleEndian, bytes, what };
  const tensor: StoredTensor = { dtype, shape, storage, byteOffset: 0, ...(strides && { strides }) };
  return { kind: 'stored', tensor, ...(isBareScalar && { isBareScalar }) };
}

function describedBy(maker: Maker | undefined, call: PickleCall, takenAt: number, what: string): Described {
  const { args, state, kwargs } = call;
  if (kwargs !== undefined || (maker !== '_reconstruct' && state !== undefined))
    throw unfit(what, 'an array that is left as it was made', call);
  if (maker === '_reconstruct') return ofState(state, takenAt, what);
  if (maker === 'scalar') return { dtype: args.items[0], shape: [], data: args.items[1] };
  return ofBuffer(args.items, takenAt, what);
}

/** `(version, shape, dtype, is_fortran, data)`; the oldest had no version. */
function ofState(state: PickleValue | undefined, takenAt: number, what: string): Described {
  const items = asKind(state, 'tuple')?.items ?? [];
  if (items.length !== 4 && items.length !== 5)
    throw unfit(what, '(version, shape, dtype, is_fortran, data)', state);
  const [sizes, dtype, isFortran, data] = items.slice(-4);
  const shape = unsignedList(sizes, what, 'sizes', takenAt);
  // A C int.
  if (typeof isFortran !== 'boolean' && typeof isFortran !== 'number')
    throw unfit(what, 'is_fortran of True, False or an int', isFortran);
  return { dtype, shape, strides: isFortran ? columnMajor(shape) : undefined, data };
}

/** `(buffer, dtype, shape, order)`, and for order K the axes of the buffer in their order in the array. */
function ofBuffer(args: readonly PickleValue[], takenAt: number, what: string): Described {
  const [data, dtype, sizes, order, axes] = args;
  const shape = unsignedList(sizes, what, 'sizes', takenAt);
  if (order === 'C' || (order === 'K' && (axes === undefined || axes === null)))
    return { dtype, shape, data };
  if (order === 'F') return { dtype, shape, strides: columnMajor(shape), data };
  if (order !== 'K') throw unfit(what, 'an order of C, F or K', order);
  const places = unsignedList(axes, what, 'axes', takenAt);
  const rowMajor = columnMajor([...shape].reverse()).reverse();
  if (
    places.length !== shape.length ||
    new Set(places).size !== shape.length ||
    places.some((i) => i >= shape.length)
  )
    throw unfit(what, 'each axis once', axes);
  return { dtype, shape: places.map((i) => shape[i]), strides: places.map((i) => rowMajor[i]), data };
}

/** `numpy.dtype('f4', ...)` with the state `(version, byte order, subarray, names, fields, ...)`. */
function elementType(
  value: PickleValue | undefined,
  takenAt: number,
  what: string,
): NpyDtype | RefusedArray | 'objects' {
  const call = asKind(value, 'call');
  const [name] = call?.args.items ?? [];
  const isDtype = asKind(call?.callable, 'global')?.fullName === 'numpy.dtype';
  if (!isDtype || typeof name !== 'string') return { refused: `an array of dtype ${textOf(value ?? null)}` };
  if (!isUnchangedSince(call, takenAt)) throw unfit(what, 'a dtype that is left as it was', call);
  const [, order, subarray, names, fields] = asKind(call?.state, 'tuple')?.items ?? [];
  if ([subarray, names, fields].some((part) => part !== undefined && part !== null)) return STRUCTURED;
  if (/^O\d?$/.test(name)) return 'objects';
  return readDescr(`${byteOrderOf(order, what)}${name}`, what);
}

/** A text, or bytes as in Python 2. */
function byteOrderOf(value: PickleValue | undefined, what: string): string {
  const bytes = asKind(value, 'bytes');
  const order = bytes ? latin1Of(bytes.bytes) : (value ?? '');
  if (typeof order === 'string' && /^[<>|=]?$/.test(order)) return order;
  throw unfit(what, 'a byte order of <, >, | or =', value);
}

function objectArray(
  shape: readonly number[],
  data: PickleValue | undefined,
  takenAt: number,
  what: string,
): ArrayResult {
  const items = asKind(data, 'list')?.items ?? asKind(data, 'tuple')?.items;
  const count = elementCount(shape);
  if (!isUnchangedSince(data, takenAt)) throw unfit(what, 'a list that is left as it was', data);
  if (items?.length !== count) throw unfit(what, `a list of ${count} objects`, data);
  if (shape.length < 2) return { kind: 'objects', shape, items };
  return refused(
    `an array of Python objects of shape ${showShape(shape)}. In Python, save numpy.array(x.tolist(), dtype="float32") in its place`,
  );
}

function refused(reason: string): ArrayResult {
  return { kind: 'refused', reason };
}

function unsignedList(value: PickleValue | undefined, what: string, rule: string, takenAt: number): number[] {
  if (!isUnchangedSince(value, takenAt)) throw unfit(what, `${rule} that are left as they were`, value);
  const items = asKind(value, 'tuple')?.items ?? asKind(value, 'list')?.items;
  if (items === undefined) throw unfit(what, `a tuple of ${rule}`, value);
  if (items.length > MAX_RANK)
    throw formatError('TOO_LARGE', WHERE, what, `at most ${MAX_RANK} ${rule}`, `${items.length}`);
  return items.map((item) => {
    if (typeof item === 'number' && item >= 0) return item;
    throw unfit(what, `${rule} of 0 or more`, item);
  });
}

function unfit(what: string, rule: string, got: PickleValue | undefined): Error {
  return formatError('INVALID_TENSOR', WHERE, what, rule, got === undefined ? 'nothing' : textOf(got));
}
