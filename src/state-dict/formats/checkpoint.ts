/**
 * The content of a file without the elements of its tensors: a tree of containers, with tensors as descriptions. Every reader of a
 * format makes one; choosing a dict in it, selecting tensors and reading their bytes is the same for all.
 */

import type { ModuleFacts } from '../module-facts.js';
import type { Reading } from '../reading/reading.js';
import type { ReadLimits } from '../rules/limits.js';
import type { WorkBudget } from '../rules/work.js';
import type { TorchData, TorchDtype, TorchTensor } from '../tensors/tensor.js';
import type { StateDictFormat } from './detect.js';
import type { Ties } from './safetensors/ties.js';
import type { ZipEntry } from './zip/directory.js';

/** What stands around stored bytes in a file: it is read with them and checked, and not before. */
export interface Surroundings {
  /** The range in the file that holds the stored bytes. */
  readonly begin: number;
  readonly end: number;
  /** How many of its first bytes tell where the stored ones begin. */
  readonly headBytes: number;
  /**
   * Checks the bytes of the range, or its first, and returns where in them the stored bytes begin.
   *
   * @throws FormatError where they contradict what is known of the stored bytes.
   */
  dataBegin(bytes: Uint8Array): number;
}

/** Bytes of the file that one or more tensors are views of. The same object stands for the same storage. */
export interface StoredBytes {
  /** The range in the file, `[begin, end)`, of the stored bytes; they are compressed where `inflatedBytes` is given. */
  begin: number;
  end: number;
  /** Until it is checked: `begin` and `end` may then be another range of the same length. */
  around?: Surroundings | undefined;
  readonly littleEndian: boolean;
  /** For deflated bytes: their declared size when inflated. */
  readonly inflatedBytes?: number | undefined;
  /** The stored bytes, where they have been read already. */
  readonly bytes?: Uint8Array;
  /** Whether those are the bytes `[begin, end)` of the file; else `begin` and `end` count in them. */
  readonly isOfFile?: boolean;
  /** CRC-32 of the (inflated) bytes, where the container has one. */
  readonly crc32?: number | undefined;
  /** The name of the bytes in messages: `entry "archive/data/3"`, `tensor "fc.weight"`. */
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
 * The values of a dict, or of a list (`0`, `1`, …), by name in the order of the file. It is a Map, since a name may be `__proto__`.
 * The graph may share nodes and have cycles.
 */
export type CheckpointDict = Map<string, CheckpointNode>;

export type CheckpointNode =
  /** A scalar of NumPy's may be a setting, such as the best loss. */
  | { readonly kind: 'stored'; readonly tensor: StoredTensor; readonly isBareScalar?: boolean }
  /** A tensor of JSON text. A bare number or boolean there may be a scalar or a setting, such as an epoch. */
  | {
      readonly kind: 'loaded';
      readonly tensor: Pick<TorchTensor, 'dtype' | 'shape'>;
      read(): TorchData;
      readonly isBareScalar?: boolean;
    }
  | { readonly kind: 'dict'; readonly entries: CheckpointDict }
  /** An array of an npz file: a tensor, as its name says, whose header has not been read. */
  | { readonly kind: 'unopened'; readonly entry: ZipEntry }
  /**
   * A nested list of numbers in a pickle. It is taken for a tensor where a file has no tensors, since `{k: v.tolist()}` is what
   * some write.
   */
  | {
      readonly kind: 'numbers';
      readonly tensor: Pick<TorchTensor, 'dtype' | 'shape'>;
      read(): TorchData;
      readonly text: string;
    }
  /**
   * Any other value, as text for people: `3`, `"adam"`, `argparse.Namespace()`. `error` is thrown where the value is among the
   * requested tensors, in formats that hold nothing but tensors there. `number` is that of a pickle: a scalar where its lists of
   * numbers are taken for tensors.
   */
  | {
      readonly kind: 'other';
      readonly text: string;
      readonly error?: () => Error;
      readonly number?: number | boolean;
    }
  /**
   * A tensor that cannot be read (sparse, quantised, of an unknown class), or an object that holds one: an error only where it is
   * requested, `error` where it is given.
   */
  | {
      readonly kind: 'refused';
      readonly reason: string;
      readonly error?: () => Error;
      /** Whether it is an object around a tensor, such as an optimizer. */
      readonly isObject?: boolean;
    };

/** The node of a tensor. */
export type TensorNode = Extract<CheckpointNode, { kind: 'stored' | 'loaded' | 'refused' }>;

/** The node of a tensor, or of an array whose header has not been read. */
export type FoundTensor = TensorNode | Extract<CheckpointNode, { kind: 'unopened' }>;

export interface Checkpoint {
  readonly format: StateDictFormat;
  readonly root: CheckpointDict;
  /** Names that stand in the root for a tensor that the file holds under another name. */
  readonly ties?: Ties;
  /** Dicts that are a state_dict as a whole, whatever they hold: those of whole modules, with what else the file tells of each. */
  readonly modules?: ReadonlyMap<CheckpointDict, ModuleFacts>;
  /** `__metadata__` of safetensors. */
  readonly metadata?: ReadonlyMap<string, string>;
  /** Names in a pickle that this package does not know, without classes of whole modules; they are never looked up. */
  readonly unknownGlobals: readonly string[];
  /** What a reader noticed and ignored, a sentence each. */
  readonly warnings: readonly string[];
  /** The same of what may be weights. */
  readonly lost?: readonly string[];
  /** Reads the headers of unopened arrays, or all of them. Present where there are any. */
  openArrays?(wanted: ReadonlyMap<string, ZipEntry>, withElements: boolean): Reading<OpenedArrays>;
}

export interface OpenedArrays {
  readonly nodes: ReadonlyMap<string, TensorNode>;
  /** What was left out and may be weights, a sentence each. */
  readonly lost: readonly string[];
}

/** A file, and what may be read of it. */
export interface UnopenedFile {
  /** The caller and the file: the Where of a message that is about what the caller asked for, not about the format. */
  readonly where: string;
  readonly size: number;
  /**
   * Bytes that have arrived, where the size is what a server declares or what a gzip file becomes: those that `maxExpansion` is a
   * multiple of.
   */
  readonly received?: (() => number) | undefined;
  readonly limits: Required<ReadLimits>;
  /** Spent by all that reads it. */
  readonly work: WorkBudget;
}

/** The file that the reader of a format opens. */
export interface InputFile extends UnopenedFile {
  /** Its first bytes. */
  readonly head: Uint8Array;
}

/** The reader of one format. It reads and checks the parts that describe the tensors, and no elements. */
export type OpenCheckpoint = (file: InputFile) => Reading<Checkpoint>;
