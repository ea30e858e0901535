import { allocate, arrayName, isOpaque } from '../../tensors/dtypes.js';
import { toBfloat16Bits, toHalfBits } from '../../tensors/half.js';
import type { TorchData, TorchDtype } from '../../tensors/tensor.js';
import type { JsonReader } from './reader.js';

/** Where the scalars of a list go: straight from the text into the typed array. */
export interface Elements {
  readonly data: TorchData;
  /** What a scalar must be, as a message says it. */
  readonly rule: string;
  /** Consumes a number or boolean into place `index`; false when it is no value of the dtype. */
  put(reader: JsonReader, index: number): boolean;
}

type Put = Elements['put'];

type NarrowIntegers = Exclude<TorchData, BigInt64Array | BigUint64Array | Float32Array | Float64Array>;

/** Range of each integer array. */
const RANGES: Readonly<Record<string, readonly [bigint, bigint]>> = {
  Uint8Array: [0n, 2n ** 8n - 1n],
  Int8Array: [-(2n ** 7n), 2n ** 7n - 1n],
  Uint16Array: [0n, 2n ** 16n - 1n],
  Int16Array: [-(2n ** 15n), 2n ** 15n - 1n],
  Uint32Array: [0n, 2n ** 32n - 1n],
  Int32Array: [-(2n ** 31n), 2n ** 31n - 1n],
  BigInt64Array: [-(2n ** 63n), 2n ** 63n - 1n],
  BigUint64Array: [0n, 2n ** 64n - 1n],
};

/** Room for `count` scalars of `dtype`; undefined where JSON numbers cannot stand for its elements. */
export function elementsOf(dtype: TorchDtype, count: number): Elements | undefined {
  if (dtype === 'C64' || isOpaque(dtype)) return undefined;
  const data = allocate(dtype, count);
  if (dtype === 'BOOL') return { data, rule: 'true, false, 0 or 1', put: putBoolean(data as Uint8Array) };
  if (dtype === 'F32' || dtype === 'F64') {
    return { data, rule: 'a number', put: putNumber(data as Float32Array | Float64Array, (value) => value) };
  }
  if (dtype === 'F16') return { data, rule: 'a number', put: putNumber(data as Uint16Array, toHalfBits) };
  if (dtype === 'BF16')
    return { data, rule: 'a number', put: putNumber(data as Uint16Array, toBfloat16Bits) };
  const [min, max] = RANGES[arrayName(dtype)];
  const rule = `an integer from ${min} to ${max}`;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    return { data, rule, put: putBigInt(data, min, max) };
  }
  return { data, rule, put: putInteger(data as NarrowIntegers, Number(min), Number(max)) };
}

function putNumber(data: Float32Array | Float64Array | Uint16Array, encode: (value: number) => number): Put {
  return (reader, index) => {
    if (reader.kind() !== 'number') {
      reader.readBoolean();
      return false;
    }
    data[index] = encode(reader.readNumber());
    return true;
  };
}

function putBoolean(data: Uint8Array): Put {
  return (reader, index) => {
    const value = reader.kind() === 'boolean' ? Number(reader.readBoolean()) : reader.readNumber();
    data[index] = value;
    return value === 0 || value === 1;
  };
}

function putInteger(data: NarrowIntegers, min: number, max: number): Put {
  return (reader, index) => {
    if (reader.kind() !== 'number') {
      reader.readBoolean();
      return false;
    }
    const value = reader.readNumber();
    data[index] = value;
    return Number.isInteger(value) && value >= min && value <= max;
  };
}

/** 64-bit integers are read from their digits: a number keeps only 53 bits. */
function putBigInt(data: BigInt64Array | BigUint64Array, min: bigint, max: bigint): Put {
  return (reader, index) => {
    if (reader.kind() !== 'number') {
      reader.readBoolean();
      return false;
    }
    reader.readNumber();
    const digits = reader.tokenText();
    if (!/^-?\d{1,20}$/.test(digits)) return false;
    const value = BigInt(digits);
    data[index] = value;
    return value >= min && value <= max;
  };
}
