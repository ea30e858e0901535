/** Between a caller's sequence and the packed ones of its groups. */

import type { Scope } from './arena.js';
import type { Engine } from './engine.js';
import type { Packing, Plan } from './plan.js';

interface PackedGroup {
  readonly packing: Packing;
  readonly order: number;
  readonly counts: number;
}

/** @param to where the packed sequence of each group begins. */
export function copyIn(
  engine: Engine,
  { steps, batch, attrs }: Plan,
  groups: readonly PackedGroup[],
  values: ArrayLike<number>,
  width: number,
  to: readonly number[],
  temporary: Scope,
): void {
  if (groups[0]?.packing.isIdentity) {
    engine.floats(to[0] as number, values.length).set(values);
    return;
  }
  const from = temporary.allocate(values.length);
  engine.floats(from, values.length).set(values);
  const { functions, base } = engine;
  const batchFirst = Number(attrs.batchFirst);
  for (const [g, { packing, order, counts }] of groups.entries()) {
    const size = packing.order.length;
    functions.pack_sequence(
      base,
      from,
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
 * @param from where the packed sequence of each group begins.
 * @returns the caller's sequence, a view of the arena.
 */
export function copyOut(
  engine: Engine,
  { steps, batch, attrs }: Plan,
  groups: readonly PackedGroup[],
  from: readonly number[],
  width: number,
  temporary: Scope,
): Float32Array {
  const size = steps * batch * width;
  if (groups[0]?.packing.isIdentity) return engine.floats(from[0] as number, size);
  const to = temporary.allocate(size);
  const { functions, base } = engine;
  const batchFirst = Number(attrs.batchFirst);
  for (const [g, { packing, order, counts }] of groups.entries()) {
    const rows = packing.order.length;
    functions.unpack_sequence(
      base,
      from[g] as number,
      to,
      order,
      counts,
      steps,
      batch,
      rows,
      width,
      batchFirst,
    );
  }
  return engine.floats(to, size);
}
