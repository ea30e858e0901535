/**
 * Element types as safetensors names them.
 *
 * The 8-bit, 6-bit and 4-bit floats (`F8_*`, `F6_*`, `F4`) are opaque: files that hold them are read and written bit
 * for bit, `data` is their packed bytes, and `toFloat32Array` refuses them by name.
 */
export type TorchDtype =
  | 'BOOL'
  | 'F4'
  | 'F6_E2M3'
  | 'F6_E3M2'
  | 'U8'
  | 'I8'
  | 'F8_E5M2'
  | 'F8_E4M3'
  | 'F8_E8M0'
  | 'F8_E4M3FNUZ'
  | 'F8_E5M2FNUZ'
  | 'I16'
  | 'U16'
  | 'F16'
  | 'BF16'
  | 'I32'
  | 'U32'
  | 'F32'
  | 'C64'
  | 'F64'
  | 'I64'
  | 'U64';

/**
 * The elements of a tensor. I64/U64 are BigInt arrays; F16 and BF16 hold the raw bits in a Uint16Array; BOOL is one byte
 * each; C64 interleaves real and imaginary parts in a Float32Array; opaque dtypes are bytes.
 */
export type TorchData =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/**
 * One entry of a state_dict: `prod(shape)` elements of `dtype` in row-major order, `data` often a view of the file that it was
 * read from. It needs no disposal.
 */
export interface TorchTensor {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  readonly data: TorchData;
}

/** A state_dict, as `module.state_dict()` returns it: torch's keys to tensors, in the order of the file. */
export type StateDict = Map<string, TorchTensor>;
