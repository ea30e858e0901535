/** NumPy's arrays and scalars in a pickle, as data. */

import { showShape } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import { MAX_RANK } from '../../rules/limits.js';
import type { WorkBudget } from '../../rules/work.js';
import { byteLengthOf } from '../../tensors/dtypes.js';
import { columnMajor } from '../../tensors/strides.js';
import type { CheckpointNode, StoredTensor } from '../checkpoint.js';
import { RefusedNode } from '../nodes.js';
import type { PickledBytes } from '../pickle/bytes.js';
import { textOf } from '../pickle/text.js';
import { asKind, type PickleCall, type PickleValue } from '../pickle/values.js';
import { type NpyDtype, type RefusedArray, readDescr, STRUCTURED } from './descr.js';

const WHERE = 'numpy';

/** numpy 2 has renamed `numpy.core`. */
const MAKER = /^numpy\._?core\.(?:_?multiarray(?:_umath)?|numeric)\.(_reconstruct|_frombuffer|scalar)$/;

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
  return MAKER.test(name) || ARRAY_CLASSES.has(name) || NAMES.test(name);
}

type Maker = '_reconstruct' | '_frombuffer' | 'scalar';

function makerOf({ callable }: PickleCall): Maker | undefined {
  const name = asKind(callable, 'global')?.fullName ?? '';
  return MAKER.exec(name)?.[1] as Maker | undefined;
}

/** Whether a call makes an array or a scalar of NumPy's. */
export function makesArray(call: PickleCall): boolean {
  return makerOf(call) !== undefined;
}

/** What an array holds: numbers, Python objects, or what is neither (texts, dates, records). */
export function kindOfArray(call: PickleCall): 'numbers' | 'objects' | 'other' {
  const state = asKind(call.state, 'tuple')?.items ?? [];
  const dtypes = { _reconstruct: state.at(-3), _frombuffer: call.args.items[1], scalar: call.args.items[0] };
  const [name] = asKind(dtypes[makerOf(call) ?? 'scalar'], 'call')?.args.items ?? [];
  if (typeof name !== 'string') return 'numbers';
  return /^O/.test(name) ? 'objects' : /^[SUVMm]/.test(name) ? 'other' : 'numbers';
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
  const maker = makerOf(call);
  const className = asKind(call.args.items[0], 'global')?.fullName ?? '';
  if (maker === '_reconstruct' && !ARRAY_CLASSES.has(className))
    return new RefusedNode(
      () =>
        `an array of class ${textOf(call.args.items[0] ?? null)}, of which numpy.asarray(x) makes a plain one`,
    );
  const { dtype, shape, strides, data } = describedBy(maker, call, what);
  work.spend(1 + shape.length);
  const type = elementType(dtype, what);
  if (type === 'objects') return objectArray(shape, data, what);
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

function describedBy(maker: Maker | undefined, call: PickleCall, what: string): Described {
  if (call.kwargs !== undefined || call.items !== undefined || call.entries !== undefined)
    throw unfit(what, 'an array that is left as it was made', call);
  if (maker === '_reconstruct') return ofState(call.state, what);
  if (call.state !== undefined) throw unfit(what, 'an array that is left as it was made', call);
  const args = call.args.items;
  if (maker === 'scalar') return { dtype: args[0], shape: [], data: args[1] };
  return ofBuffer(args, what);
}

/** `(version, shape, dtype, is_fortran, data)`; the oldest had no version. */
function ofState(state: PickleValue | undefined, what: string): Described {
  const items = asKind(state, 'tuple')?.items ?? [];
  if (items.length !== 4 && items.length !== 5)
    throw unfit(what, '(version, shape, dtype, is_fortran, data)', state);
  const [sizes, dtype, isFortran, data] = items.slice(-4);
  const shape = unsignedList(sizes, what, 'sizes');
  const isColumnMajor = isFortran === true || isFortran === 1;
  return { dtype, shape, strides: isColumnMajor ? columnMajor(shape) : undefined, data };
}

/** `(buffer, dtype, shape, order)`, and for order K the axes of the buffer in their order in the array. */
function ofBuffer(args: readonly PickleValue[], what: string): Described {
  const [data, dtype, sizes, order, axes] = args;
  const shape = unsignedList(sizes, what, 'sizes');
  if (order === 'C' || (order === 'K' && (axes === undefined || axes === null)))
    return { dtype, shape, data };
  if (order === 'F') return { dtype, shape, strides: columnMajor(shape), data };
  if (order !== 'K') throw unfit(what, 'an order of C, F or K', order);
  const places = unsignedList(axes, what, 'axes');
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
function elementType(value: PickleValue | undefined, what: string): NpyDtype | RefusedArray | 'objects' {
  const call = asKind(value, 'call');
  const [name] = call?.args.items ?? [];
  const isDtype = asKind(call?.callable, 'global')?.fullName === 'numpy.dtype';
  if (!isDtype || typeof name !== 'string') return { refused: `an array of dtype ${textOf(value ?? null)}` };
  const [, order, subarray, names, fields] = asKind(call?.state, 'tuple')?.items ?? [];
  if ([subarray, names, fields].some((part) => part !== undefined && part !== null)) return STRUCTURED;
  if (/^O\d?$/.test(name)) return 'objects';
  return readDescr(`${typeof order === 'string' ? order : ''}${name}`, what);
}

function objectArray(shape: readonly number[], data: PickleValue | undefined, what: string): ArrayResult {
  const items = asKind(data, 'list')?.items ?? asKind(data, 'tuple')?.items;
  const count = shape.reduce((product, size) => product * size, 1);
  if (items?.length !== count) throw unfit(what, `a list of ${count} objects`, data);
  if (shape.length < 2) return { kind: 'objects', shape, items };
  return refused(
    `an array of Python objects of shape ${showShape(shape)}. In Python, save numpy.array(x.tolist(), dtype="float32") in its place`,
  );
}

function refused(reason: string): ArrayResult {
  return { kind: 'refused', reason };
}

function unsignedList(value: PickleValue | undefined, what: string, rule: string): number[] {
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
