/** The rows of a batch whose states `resetStates` changes. */

import { message, show } from '../../../check.js';

/** The options of `resetStates`. */
export interface ResetOptions {
  /** Indices into the batch, each once. @default every row */
  readonly rows?: readonly number[] | undefined;
}

/**
 * Checks `rows`; undefined stands for every row.
 * @param batch B; undefined where it is not known yet.
 * @throws TypeError or RangeError naming the entry.
 */
export function checkRows(
  where: string,
  rows: unknown,
  batch: number | undefined,
): readonly number[] | undefined {
  if (rows === undefined) return undefined;
  if (!Array.isArray(rows))
    throw new TypeError(message(where, 'rows', 'a list of indices into the batch', show(rows)));
  const rule = batch === undefined ? 'an integer >= 0' : `an integer in 0..${batch - 1}`;
  for (const [i, row] of rows.entries()) {
    if (typeof row !== 'number') throw new TypeError(message(where, `rows[${i}]`, rule, show(row)));
    const isRow = Number.isInteger(row) && row >= 0 && row < (batch ?? Number.POSITIVE_INFINITY);
    if (!isRow) throw new RangeError(message(where, `rows[${i}]`, rule, show(row)));
    if (rows.indexOf(row) !== i)
      throw new RangeError(message(where, `rows[${i}]`, 'each row once', show(row)));
  }
  return rows;
}

/** The states of some rows cannot be set while B is unknown. */
export function unknownBatch(where: string): RangeError {
  const rule = 'none before the first call, which tells the batch size';
  const remedy = 'Set the states of every row, or give the layer a batchInputShape';
  return new RangeError(message(where, 'rows', rule, 'rows', remedy));
}
