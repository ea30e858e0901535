/** Sequence lengths as `torch.nn.utils.rnn.pack_padded_sequence(..., enforce_sorted=False)` takes them. */

import { cast, reshape, sum, Tensor, type Tensor1D, type TypedArray, tensor1d } from '@tensorflow/tfjs-core';
import { message, show, showShape } from '../../check.js';
import { readsLengths } from '../../ops/readback.js';
import type { TorchData, TorchTensor } from '../../state-dict/tensors/tensor.js';

/**
 * One length per batch row, each an integer 1..T, in any order: numbers, a typed array, a tensor `[B]`, or an entry `[B]` of a
 * file, such as an int64 `.npy`.
 */
export type Lengths = readonly (number | bigint)[] | TorchData | TorchTensor | Tensor;

/** Lengths outside a tensor. */
interface HostLengths {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number | bigint>;
}

/** The hint for a shape that fits x with its first two axes swapped. */
export const TRANSPOSED_HINT = 'It fits x read the other way round: is batchFirst right?';

const TORCH_COUNT = 'Expected `len(lengths)` to be equal to batch_size';
const TORCH_RANK = "'lengths' argument should be a 1D tensor or array";
const TORCH_POSITIVE =
  "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0";

/**
 * The lengths as an int32 tensor `[B]`, or undefined when every row has all T steps, so that nothing is masked.
 * Call inside `tidy`.
 * @throws TypeError, RangeError naming the entry. The values of a tensor are checked where they can be read, see {@link readsLengths}.
 */
export function toLengths(
  where: string,
  lengths: Lengths,
  batch: number,
  steps: number,
): Tensor1D | undefined {
  const given = lengths instanceof Tensor ? lengths : hostLengths(where, lengths);
  if (given instanceof Tensor && given.isDisposed)
    throw new RangeError(message(where, 'lengths', 'a live tensor', 'a disposed one'));
  const { shape } = given;
  if (shape.length !== 1 || shape[0] !== batch) {
    const count = `${TORCH_COUNT}, but got ${shape[0]} (batch_size=${batch})`;
    const isTransposed = shape.length === 1 && shape[0] === steps;
    const remedy = shape.length === 1 ? (isTransposed ? `${count}. ${TRANSPOSED_HINT}` : count) : TORCH_RANK;
    throw new RangeError(
      message(where, 'lengths', `shape [${batch}], one per batch row`, showShape(shape), remedy),
    );
  }
  if (given instanceof Tensor && !readsLengths(given)) return cast(given, 'int32') as Tensor1D;
  const values = Array.from<number | bigint, number>(
    given instanceof Tensor ? given.dataSync() : given.values,
    (value) => (typeof value === 'bigint' ? Number(value) : value),
  );
  checkValues(where, values, steps);
  return unlessFull(values, steps);
}

/** As {@link toLengths}, for lengths that are an input of a layer: a model of tfjs feeds them as `[B, 1]`. */
export function inputLengths(
  where: string,
  lengths: Tensor,
  batch: number,
  steps: number,
): Tensor1D | undefined {
  const isColumn = lengths.rank === 2 && lengths.shape[1] === 1;
  return toLengths(where, isColumn ? reshape(lengths, [lengths.shape[0]]) : lengths, batch, steps);
}

/** Bits of halves and bytes of booleans are no lengths. */
const NUMERIC_DTYPE = /^([IU]\d+|F32|F64)$/;

function hostLengths(where: string, lengths: unknown): HostLengths {
  if (Array.isArray(lengths)) return { shape: [lengths.length], values: lengths };
  if (ArrayBuffer.isView(lengths) && !(lengths instanceof DataView)) {
    const values = lengths as unknown as ArrayLike<number | bigint>;
    return { shape: [values.length], values };
  }
  const { dtype, shape, data } = (lengths ?? {}) as Partial<TorchTensor>;
  if (typeof dtype === 'string' && Array.isArray(shape) && ArrayBuffer.isView(data)) {
    if (NUMERIC_DTYPE.test(dtype)) return { shape, values: data };
    throw new TypeError(message(where, 'lengths', 'an entry of integers', dtype, 'In torch: lengths.long()'));
  }
  const rule = 'number[], a typed array, a 1-D tensor or an entry of a state_dict';
  const remedy = lengths instanceof Map ? 'Pass one entry of it: stateDict.get(key)' : undefined;
  throw new TypeError(message(where, 'lengths', rule, show(lengths), remedy));
}

/** Undefined when every row has all T steps. */
function unlessFull(lengths: number[], steps: number): Tensor1D | undefined {
  return lengths.every((length) => length === steps) ? undefined : tensor1d(lengths, 'int32');
}

function checkValues(where: string, values: readonly number[], steps: number): void {
  for (const [row, length] of values.entries()) {
    if (Number.isInteger(length) && length >= 1 && length <= steps) continue;
    const remedy = length <= 0 ? TORCH_POSITIVE : undefined;
    const rule = `an integer in 1..${steps} (T)`;
    const got = typeof length === 'number' ? String(length) : show(length);
    throw new RangeError(message(where, `lengths[${row}]`, rule, got, remedy));
  }
}

/** torch masks nothing by itself. */
const UNPACKED =
  'If the PyTorch model does not pack its input, it reads the padding: pass maskZero: false, or maskPadding: false';

/**
 * The lengths of the rows in a mask `[B, T]`, or undefined when it masks nothing. Call inside `tidy`.
 * @throws RangeError for a row that is empty or not right-padded, where the mask can be read.
 */
export function lengthsFromMask(where: string, mask: Tensor): Tensor1D | undefined {
  const [batch, steps] = mask.shape as [number, number];
  if (!readsLengths(mask)) return sum(cast(mask, 'int32'), 1) as Tensor1D;
  const present = mask.dataSync();
  const values = Array.from({ length: batch }, (_, row) =>
    rowLength(where, present.subarray(row * steps, (row + 1) * steps), row),
  );
  return unlessFull(values, steps);
}

function rowLength(where: string, present: TypedArray, row: number): number {
  const firstAbsent = present.indexOf(0);
  if (firstAbsent < 0) return present.length;
  if (firstAbsent > 0 && present.subarray(firstAbsent).every((value) => value === 0)) return firstAbsent;
  const marks = Array.from(present, (value) => (value ? '1' : '0')).join('');
  const got = `row ${row}: ${marks.length > 24 ? `${marks.slice(0, 24)}...` : marks}`;
  const change = marks.includes('1')
    ? 'Pad on the right, and give unknown tokens an index other than that of the padding, or the embedding masks them too'
    : 'A PackedSequence has no empty row: drop such rows or give them one real token';
  const remedy = `${change}. ${UNPACKED}`;
  throw new RangeError(message(where, 'mask', 'each row to be right-padded, 1..T leading ones', got, remedy));
}
