/** Element types as safetensors names them. Sub-byte and 8-bit floats are read as raw bytes. */
export type TorchDtype =
  | 'BOOL'
  | 'U8'
  | 'I8'
  | 'I16'
  | 'U16'
  | 'I32'
  | 'U32'
  | 'I64'
  | 'U64'
  | 'F16'
  | 'BF16'
  | 'F32'
  | 'F64'
  | 'C64';

/** I64/U64 are BigInt arrays; F16 and BF16 hold the raw bits; C64 interleaves real and imaginary parts. */
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

/** One entry of a state_dict: row-major data, often a view of the file it was read from. */
export interface TorchTensor {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  readonly data: TorchData;
}

/** What `module.state_dict()` returns: torch's key -> tensor, in the order of the file. */
export type StateDict = Map<string, TorchTensor>;
