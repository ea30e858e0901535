import { show } from '../../../check.js';
import { formatError } from '../../rules/format-codes.js';
import type { TorchDtype } from '../../tensors/tensor.js';

/** A numpy dtype that tensors have. */
export interface NpyDtype {
  readonly dtype: TorchDtype;
  readonly littleEndian: boolean;
}

/** The reason why an array cannot be a tensor. */
export interface RefusedArray {
  readonly refused: string;
  /** Of an array of Python objects: where their pickle begins in the npy file. */
  readonly objectsBegin?: number;
}

/** Kind and bytes of an element. numpy has no bfloat16. */
const DTYPES = new Map<string, TorchDtype>([
  ['b1', 'BOOL'],
  ['i1', 'I8'],
  ['i2', 'I16'],
  ['i4', 'I32'],
  ['i8', 'I64'],
  ['u1', 'U8'],
  ['u2', 'U16'],
  ['u4', 'U32'],
  ['u8', 'U64'],
  ['f2', 'F16'],
  ['f4', 'F32'],
  ['f8', 'F64'],
  ['c8', 'C64'],
]);

/** No dtype that is read has a longer name; those of dates have units. */
const MAX_DESCR = 64;

/** What numpy calls dtypes beside kind and bytes: the codes of C types, with or without a byte order. */
const CODES = new Map([
  ['?', 'b1'],
  ['b', 'i1'],
  ['B', 'u1'],
  ['h', 'i2'],
  ['H', 'u2'],
  ['i', 'i4'],
  ['I', 'u4'],
  ['l', 'i8'],
  ['L', 'u8'],
  ['q', 'i8'],
  ['Q', 'u8'],
  ['p', 'i8'],
  ['P', 'u8'],
  ['e', 'f2'],
  ['f', 'f4'],
  ['d', 'f8'],
  ['g', 'f16'],
  ['F', 'c8'],
  ['D', 'c16'],
  ['G', 'c32'],
]);

/** Names of the same, which have no byte order. */
const NAMES = new Map([
  ['bool', 'b1'],
  ['int8', 'i1'],
  ['int16', 'i2'],
  ['int32', 'i4'],
  ['int64', 'i8'],
  ['int', 'i8'],
  ['uint8', 'u1'],
  ['uint16', 'u2'],
  ['uint32', 'u4'],
  ['uint64', 'u8'],
  ['float16', 'f2'],
  ['half', 'f2'],
  ['float32', 'f4'],
  ['single', 'f4'],
  ['float64', 'f8'],
  ['double', 'f8'],
  ['float', 'f8'],
  ['complex64', 'c8'],
  ['complex128', 'c16'],
  ['complex', 'c16'],
]);

const OBJECTS = /^O\d*$/;

/** Whether elements are Python objects. */
export function holdsObjects(descr: string): boolean {
  return OBJECTS.test(descr.replace(/^[<>|=]/, ''));
}

/** Kinds of numpy that no tensor has: their names, and the Python that makes numbers of an array `x`. */
const REFUSED: readonly (readonly [RegExp, string, string])[] = [
  [
    OBJECTS,
    'Python objects',
    'numpy.array(x.tolist(), dtype="float32"), or of a dict d of arrays numpy.savez("w.npz", **d),',
  ],
  [/^[SUa]\d+$/, 'strings', 'x.astype("float32")'],
  [
    /^V\d+$/,
    'raw bytes, as ml_dtypes has its bfloat16 saved',
    'x.view(ml_dtypes.bfloat16).astype("float32")',
  ],
  [/^[Mm]8/, 'dates or durations', 'x.astype("int64")'],
  [/^f(10|12|16)$/, 'long doubles, which differ between machines', 'x.astype("float64")'],
  [/^c16$/, 'complex numbers of 128 bits', 'x.astype("complex64")'],
  [/^c(20|24|32)$/, 'complex long doubles', 'x.astype("complex64")'],
];

/** A structured dtype has named fields, written as a list. */
export const STRUCTURED = refusal('records of named fields', 'x["field"].astype("float32")');

/**
 * Reads a dtype of an npy header: byte order (`<`, `>`; `|` where it does not matter, `=` for the machine's own, which is
 * little-endian), kind, bytes; or a byte order and the code of a C type, or a name.
 */
export function readDescr(descr: string, what: string): NpyDtype | RefusedArray {
  // Thousands of arrays may share a long one.
  const short = descr.slice(0, MAX_DESCR);
  const [, order, written] = /^([<>|=]?)(.*)$/s.exec(short) as unknown as [string, string, string];
  const name = CODES.get(written) ?? NAMES.get(short) ?? written;
  const dtype = DTYPES.get(name);
  if (dtype) return { dtype, littleEndian: order !== '>' };
  const known = REFUSED.find(([pattern]) => pattern.test(name));
  if (known) return refusal(known[1], known[2]);
  const rule = `a dtype of ${[...DTYPES.keys()].join(', ')}`;
  throw formatError('UNKNOWN_DTYPE', 'npy', what, rule, show(descr));
}

function refusal(kind: string, python: string): RefusedArray {
  return { refused: `an array of ${kind}. In Python, save ${python} in its place` };
}
