/**
 * What a file holds before any tensor's bytes are read: the tree of its containers with its tensors as descriptions. Every
 * reader of a format makes one; choosing a dict in it, selecting tensors and reading their bytes is the same for all.
 */

import type { Reading } from '../reading/reading.js';
import type { ReadLimits } from '../rules/limits.js';
import type { TorchData, TorchDtype, TorchTensor } from '../tensors/tensor.js';
import type { StateDictFormat } from './detect.js';

/** Bytes of the file that one or more tensors are views of. The same object stands for the same storage. */
export interface StoredBytes {
  /** Where they lie in the file, `[begin, end)`: as stored, so compressed where `inflatedBytes` is there. */
  readonly begin: number;
  readonly end: number;
  readonly littleEndian: boolean;
  /** Present for deflated bytes: how many they claim to become. */
  readonly inflatedBytes?: number;
  /** The bytes, where they have been read already; `begin` and `end` count in these. */
  readonly bytes?: Uint8Array;
  /** Of the (inflated) bytes, where the container has one. */
  readonly crc32?: number;
  /** How messages call them: `entry "archive/data/3"`, `tensor "fc.weight"`. */
  readonly what: string;
}

/** A tensor whose elements have not been read. Its reader has checked that every element lies inside the storage. */
export interface StoredTensor {
  readonly dtype: TorchDtype;
  readonly shape: readonly number[];
  /** Elements from one index to the next along each axis, 0 or more. Absent: row-major. */
  readonly strides?: readonly number[];
  readonly storage: StoredBytes;
  /** From the start of the (inflated) storage to element 0. */
  readonly byteOffset: number;
}

/**
 * A container: what a dict, a list (`0`, `1`, …) or the attributes of an object hold, in the order of the file. A Map, since
 * a name may be `__proto__`. The graph may share nodes and may have cycles.
 */
export type CheckpointDict = Map<string, CheckpointNode>;

export type CheckpointNode =
  | { readonly kind: 'stored'; readonly tensor: StoredTensor }
  /** A tensor of JSON text. A bare number or boolean there may be a scalar or a setting, such as an epoch. */
  | {
      readonly kind: 'loaded';
      readonly tensor: Pick<TorchTensor, 'dtype' | 'shape'>;
      read(): TorchData;
      readonly maybeSetting?: boolean;
    }
  | { readonly kind: 'dict'; readonly entries: CheckpointDict }
  /**
   * Anything else, as text for people: `3`, `"adam"`, `argparse.Namespace()`. `error` is thrown where it stands among the tensors
   * asked for, in formats that hold nothing else there.
   */
  | { readonly kind: 'other'; readonly text: string; readonly error?: () => Error }
  /**
   * A tensor that cannot be had (sparse, quantised, of an unknown class): an error only where it is asked for, `error`
   * itself where there is one.
   */
  | { readonly kind: 'refused'; readonly reason: string; readonly error?: () => Error };

export interface Checkpoint {
  readonly format: StateDictFormat;
  readonly root: CheckpointDict;
  /** `__metadata__` of safetensors. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** Names a pickle mentions and this package does not know: inert, never resolved. */
  readonly unknownGlobals: readonly string[];
  /** What a reader noticed and read past, a sentence each. */
  readonly warnings: readonly string[];
}

/** The file that a reader opens. */
export interface InputFile {
  /** How messages call the reader's caller and the file. */
  readonly where: string;
  readonly size: number;
  readonly limits: Required<ReadLimits>;
}

/** The reader of one format. It asks for the parts that describe the tensors, checks them, and leaves the elements alone. */
export type OpenCheckpoint = (file: InputFile) => Reading<Checkpoint>;
