import { allocate, bitsOf, isOpaque } from '../../tensors/dtypes.js';
import { toBfloat16Bits, toHalfBits } from '../../tensors/half.js';
import type { TorchData, TorchDtype } from '../../tensors/tensor.js';
import type { JsonReader } from './reader.js';

/** Takes the scalars of a list from the text into a typed array. */
export interface Elements {
  readonly data: TorchData;
  /** The rule for a scalar, as in a message. */
  readonly rule: string;
  /** Consumes the number or boolean that comes next into the element `index`; false where it is not a value of the dtype. */
  put(reader: JsonReader, index: number, kind: ScalarKind): boolean;
}

export type ScalarKind = 'number' | 'boolean';

type Put = Elements['put'];
type Numbers = Exclude<TorchData, BigInt64Array | BigUint64Array>;

const FLOATS: Partial<Record<TorchDtype, (value: number) => number>> = {
  F64: (value) => value,
  F32: (value) => value,
  F16: toHalfBits,
  BF16: toBfloat16Bits,
};

/** Room for `count` scalars of `dtype`; undefined where JSON numbers cannot express its elements. */
export function elementsOf(dtype: TorchDtype, count: number): Elements | undefined {
  if (dtype === 'C64' || isOpaque(dtype)) return undefined;
  const data = allocate(dtype, count);
  if (dtype === 'BOOL') return { data, rule: 'true, false, 0 or 1', put: putBoolean(data as Uint8Array) };
  const encode = FLOATS[dtype];
  if (encode) return { data, rule: 'a number', put: putFloat(data as Numbers, encode) };
  // U8 to U64 and I8 to I64.
  const bits = BigInt(bitsOf(dtype));
  const [min, max] = dtype.startsWith('U')
    ? [0n, 2n ** bits - 1n]
    : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n];
  const isWide = data instanceof BigInt64Array || data instanceof BigUint64Array;
  const put = isWide ? putBigInt(data, min, max) : putInteger(data as Numbers, Number(min), Number(max));
  return { data, rule: `an integer from ${min} to ${max}`, put };
}

/** Refuses booleans. */
function putNumber(put: Put): Put {
  return (reader, index, kind) => {
    if (kind === 'number') return put(reader, index, kind);
    reader.readBoolean();
    return false;
  };
}

function putFloat(data: Numbers, encode: (value: number) => number): Put {
  return putNumber((reader, index) => {
    const value = reader.readNumber();
    // To Python -0 is an int, which has no sign of zero.
    data[index] = encode(value === 0 && reader.tokenText() === '-0' ? 0 : value);
    return true;
  });
}

function putBoolean(data: Uint8Array): Put {
  return (reader, index, kind) => {
    const value = kind === 'boolean' ? Number(reader.readBoolean()) : reader.readNumber();
    data[index] = value;
    return value === 0 || value === 1;
  };
}

function putInteger(data: Numbers, min: number, max: number): Put {
  return putNumber((reader, index) => {
    const value = reader.readNumber();
    data[index] = value;
    return Number.isInteger(value) && value >= min && value <= max;
  });
}

/** Reads 64-bit integers from their digits, since a number has 53 bits alone. */
function putBigInt(data: BigInt64Array | BigUint64Array, min: bigint, max: bigint): Put {
  return putNumber((reader, index) => {
    reader.readNumber();
    const digits = reader.tokenText();
    if (!/^-?\d{1,20}$/.test(digits)) return false;
    const value = BigInt(digits);
    data[index] = value;
    return value >= min && value <= max;
  });
}
