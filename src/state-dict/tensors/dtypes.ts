import type { TorchData, TorchDtype } from './tensor.js';

/** A dtype: the size of an element in a file, and the typed array of its elements. */
interface DtypeInfo {
  readonly bits: number;
  readonly array: ArrayName;
  /** Its names in torch, aliases included, without `torch.`. */
  readonly torch: readonly string[];
}

const ARRAYS = {
  Uint8Array,
  Int8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  BigInt64Array,
  BigUint64Array,
  Float32Array,
  Float64Array,
};

type ArrayName = keyof typeof ARRAYS;

/** The common signature of these constructors. */
interface ViewConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TorchData;
}

/**
 * Every dtype of the safetensors reference, in its order: sizes never fall, so a file written from the last to the first aligns
 * every tensor.
 *
 * @see https://github.com/safetensors/safetensors/blob/main/safetensors/src/tensor.rs `enum Dtype`
 */
const DTYPES: Readonly<Record<TorchDtype, DtypeInfo>> = {
  BOOL: { bits: 8, array: 'Uint8Array', torch: ['bool'] },
  F4: { bits: 4, array: 'Uint8Array', torch: ['float4_e2m1fn_x2'] },
  F6_E2M3: { bits: 6, array: 'Uint8Array', torch: [] },
  F6_E3M2: { bits: 6, array: 'Uint8Array', torch: [] },
  U8: { bits: 8, array: 'Uint8Array', torch: ['uint8'] },
  I8: { bits: 8, array: 'Int8Array', torch: ['int8'] },
  F8_E5M2: { bits: 8, array: 'Uint8Array', torch: ['float8_e5m2'] },
  F8_E4M3: { bits: 8, array: 'Uint8Array', torch: ['float8_e4m3fn'] },
  F8_E8M0: { bits: 8, array: 'Uint8Array', torch: ['float8_e8m0fnu'] },
  F8_E4M3FNUZ: { bits: 8, array: 'Uint8Array', torch: ['float8_e4m3fnuz'] },
  F8_E5M2FNUZ: { bits: 8, array: 'Uint8Array', torch: ['float8_e5m2fnuz'] },
  I16: { bits: 16, array: 'Int16Array', torch: ['int16', 'short'] },
  U16: { bits: 16, array: 'Uint16Array', torch: ['uint16'] },
  F16: { bits: 16, array: 'Uint16Array', torch: ['float16', 'half'] },
  BF16: { bits: 16, array: 'Uint16Array', torch: ['bfloat16'] },
  I32: { bits: 32, array: 'Int32Array', torch: ['int32', 'int'] },
  U32: { bits: 32, array: 'Uint32Array', torch: ['uint32'] },
  F32: { bits: 32, array: 'Float32Array', torch: ['float32', 'float'] },
  C64: { bits: 64, array: 'Float32Array', torch: ['complex64', 'cfloat'] },
  F64: { bits: 64, array: 'Float64Array', torch: ['float64', 'double'] },
  I64: { bits: 64, array: 'BigInt64Array', torch: ['int64', 'long'] },
  U64: { bits: 64, array: 'BigUint64Array', torch: ['uint64'] },
};

/** All dtypes, in the order of the reference. */
export const DTYPE_NAMES = Object.keys(DTYPES) as TorchDtype[];

const BY_TORCH_NAME = new Map(
  DTYPE_NAMES.flatMap((dtype) => DTYPES[dtype].torch.map((name) => [name, dtype])),
);

/** `Object.hasOwn`, because the name comes from a file and may be `constructor`. */
export function isDtype(name: unknown): name is TorchDtype {
  return typeof name === 'string' && Object.hasOwn(DTYPES, name);
}

/** The dtype that safetensors (`F32`) or torch (`float32`, `torch.float32`, `float`) calls `name`. */
export function dtypeNamed(name: string): TorchDtype | undefined {
  if (isDtype(name)) return name;
  return BY_TORCH_NAME.get(name.replace(/^torch\./, '')) as TorchDtype | undefined;
}

/** Whether a dtype is a float of 8 bits or fewer, whose data are packed bytes. */
export function isOpaque(dtype: TorchDtype): boolean {
  return /^F[468](_|$)/.test(dtype);
}

/** Name of the typed array that holds elements of `dtype`. */
export function arrayName(dtype: TorchDtype): ArrayName {
  return DTYPES[dtype].array;
}

/** Bits of one element in a file. */
export function bitsOf(dtype: TorchDtype): number {
  return DTYPES[dtype].bits;
}

/** Bytes per item of the typed array for `dtype`: the alignment of a view. */
export function alignmentOf(dtype: TorchDtype): number {
  return ARRAYS[DTYPES[dtype].array].BYTES_PER_ELEMENT;
}

/** Number of elements of a shape; NaN when it, or a product on the way to it, exceeds 2^53 - 1. */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (!(size <= Number.MAX_SAFE_INTEGER && count <= Number.MAX_SAFE_INTEGER)) return Number.NaN;
  }
  return count;
}

/** Bytes of the elements of a shape in a file; a fraction where elements smaller than a byte do not fill the last one. */
export function byteLengthOf(dtype: TorchDtype, shape: readonly number[]): number {
  return (elementCount(shape) * bitsOf(dtype)) / 8;
}

/** The `byteLength` bytes at `byteOffset` as elements of `dtype`, without a copy. The offset must be aligned. */
export function viewOf(
  dtype: TorchDtype,
  buffer: ArrayBufferLike,
  byteOffset: number,
  byteLength: number,
): TorchData {
  const array: ViewConstructor = ARRAYS[DTYPES[dtype].array];
  return new array(buffer, byteOffset, byteLength / array.BYTES_PER_ELEMENT);
}

/** Zeros, one item of the typed array per element; for C64 two, for opaque dtypes the packed bytes. */
export function allocate(dtype: TorchDtype, count: number): TorchData {
  const byteLength = (count * DTYPES[dtype].bits) / 8;
  return viewOf(dtype, new ArrayBuffer(byteLength), 0, byteLength);
}
