/** Batches of rows that differ in length. */

type Row = readonly number[];

/** Fills rows with `padding` on the right, up to the longest. */
export function padRows(rows: readonly Row[], padding: number): number[][] {
  const length = Math.max(...rows.map((row) => row.length));
  return rows.map((row) => [...row, ...new Array<number>(length - row.length).fill(padding)]);
}

/**
 * Runs rows in batches of up to `size`, and gives the results in the order of the rows.
 *
 * Rows run sorted by length, so a batch pads little: mixed batches would be half padding.
 *
 * @param run one result for each row of a batch.
 */
export async function runInBatches<Result>(
  rows: readonly Row[],
  size: number,
  run: (batch: readonly Row[]) => Promise<readonly Result[]>,
): Promise<Result[]> {
  const order = rows.map((_, index) => index).sort((a, b) => lengthOf(rows, a) - lengthOf(rows, b));
  const results: Result[] = new Array(rows.length);
  for (let start = 0; start < order.length; start += size) {
    const batch = order.slice(start, start + size);
    const found = await run(batch.map((index) => rows[index] as Row));
    for (const [row, index] of batch.entries()) results[index] = found[row] as Result;
  }
  return results;
}

function lengthOf(rows: readonly Row[], index: number): number {
  return rows[index]?.length ?? 0;
}
