/** Copies a caller's sequence into the packed ones of its groups, and back. */

import type { Scope } from '../runtime/arena.js';
import type { Engine } from '../runtime/engine.js';
import type { Packing, Plan } from './plan.js';

interface PackedGroup {
  readonly packing: Packing;
  readonly order: number;
  readonly counts: number;
}

/** Allocates room for a caller's sequence; 0 where its layout is the packed one, so that it is copied straight there. */
export function allocateStaging(
  scope: Scope,
  { steps, batch }: Plan,
  packings: readonly Packing[],
  width: number,
): number {
  return packings[0]?.isIdentity ? 0 : scope.allocate(steps * batch * width);
}

/**
 * Packs the caller's sequence.
 * @param to where the packed sequence of each group begins.
 * @param staging see {@link allocateStaging}.
 */
export function copyIn(
  engine: Engine,
  { steps, batch, call }: Plan,
  groups: readonly PackedGroup[],
  values: ArrayLike<number>,
  width: number,
  to: readonly number[],
  staging: number,
): void {
  if (groups[0]?.packing.isIdentity) {
    engine.write(to[0] as number, values);
    return;
  }
  engine.write(staging, values);
  const { functions, base } = engine;
  const batchFirst = Number(call.batchFirst);
  for (const [g, { packing, order, counts }] of groups.entries()) {
    const size = packing.order.length;
    functions.pack_sequence(
      base,
      staging,
      to[g] as number,
      order,
      counts,
      steps,
      batch,
      size,
      width,
      batchFirst,
    );
  }
}

/**
 * Unpacks the sequences of the groups.
 * @param from where the packed sequence of each group begins.
 * @param staging see {@link allocateStaging}.
 * @returns the caller's sequence, a view of the arena.
 */
export function copyOut(
  engine: Engine,
  { steps, batch, call }: Plan,
  groups: readonly PackedGroup[],
  from: readonly number[],
  width: number,
  staging: number,
): Float32Array {
  const size = steps * batch * width;
  if (groups[0]?.packing.isIdentity) return engine.floats(from[0] as number, size);
  const { functions, base } = engine;
  const batchFirst = Number(call.batchFirst);
  for (const [g, { packing, order, counts }] of groups.entries()) {
    const rows = packing.order.length;
    functions.unpack_sequence(
      base,
      from[g] as number,
      staging,
      order,
      counts,
      steps,
      batch,
      rows,
      width,
      batchFirst,
    );
  }
  return engine.floats(staging, size);
}
