/** Copies a caller's sequence into the packed ones of its groups, and back. */

import type { KernelBackend, TensorInfo } from '@tensorflow/tfjs-core';
import type { Engine, PackedSequence } from '../runtime/engine.js';
import type { Packing, Plan } from './plan.js';
import { makeFilled, valuesOf } from './tensors.js';

interface PackedGroup {
  readonly packing: Packing;
  readonly order: number;
  readonly counts: number;
}

/**
 * Packs the caller's sequence.
 * @param to where the packed sequence of each group begins.
 */
export function copyIn(
  engine: Engine,
  backend: KernelBackend,
  plan: Plan,
  groups: readonly PackedGroup[],
  sequence: TensorInfo,
  to: readonly number[],
): void {
  const values = valuesOf(backend, sequence);
  if (groups[0]?.packing.isIdentity) engine.write(to[0] as number, values);
  else engine.pack(values, packedSequences(plan, groups, sequence.shape[2] as number, to));
}

/**
 * Unpacks the sequences of the groups.
 * @param from where the packed sequence of each group begins.
 * @returns the caller's sequence.
 */
export function copyOut(
  engine: Engine,
  backend: KernelBackend,
  plan: Plan,
  groups: readonly PackedGroup[],
  from: readonly number[],
  width: number,
): TensorInfo {
  const { steps, batch, call } = plan;
  const shape = call.batchFirst ? [batch, steps, width] : [steps, batch, width];
  return makeFilled(backend, shape, (values) => {
    if (groups[0]?.packing.isIdentity) values.set(engine.floats(from[0] as number, values.length));
    else engine.unpack(packedSequences(plan, groups, width, from), values);
  });
}

function packedSequences(
  { steps, batch, call }: Plan,
  groups: readonly PackedGroup[],
  width: number,
  places: readonly number[],
): PackedSequence[] {
  return groups.map(({ packing, order, counts }, g) => ({
    at: places[g] as number,
    layout: [order, counts, steps, batch, packing.order.length, width, Number(call.batchFirst)],
  }));
}
