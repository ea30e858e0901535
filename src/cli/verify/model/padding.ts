/** What the rows that differ have in common. */

import { toFloat32Array } from '../../../state-dict/tensors/float32.js';
import type { TorchTensor } from '../../../state-dict/tensors/tensor.js';
import { rowsText } from '../report.js';

/**
 * A sentence where all rows that differ end in zeros in the input, and others do not differ.
 *
 * @param rows  those that differ; undefined for all.
 */
export function paddingClue(
  rows: readonly number[] | undefined,
  inputs: readonly (TorchTensor | undefined)[],
): string | undefined {
  if (rows === undefined) return undefined;
  const isPadded = inputs.some((input) => input && rows.every((row) => endsInZeros(input, row)));
  if (!isPadded) return undefined;
  const isOne = rows.length === 1;
  return (
    `Only ${rowsText(rows)} ${isOne ? 'differs' : 'differ'}, and ${isOne ? 'it ends' : 'they end'} in zeros in --input: padding is read on one side and not on the other. ` +
    'Where PyTorch packs its sequences the port takes lengths or a mask; where it does not, it takes none.'
  );
}

/** Of `[B, T, ...]`: whether the last step of a row is zeros. */
function endsInZeros(input: TorchTensor, row: number): boolean {
  const [rows, steps] = input.shape;
  if (rows === undefined || steps === undefined || row >= rows || steps < 2) return false;
  const size = input.data.length / rows;
  const inner = size / steps;
  const end = (row + 1) * size;
  return values(input)
    .subarray(end - inner, end)
    .every((value: number | bigint) => Number(value) === 0);
}

function values(input: TorchTensor) {
  return input.dtype === 'F16' || input.dtype === 'BF16' ? toFloat32Array(input) : input.data;
}
