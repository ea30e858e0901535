/** How the steps and the rows of a layer are shared among dispatches and workgroups. */

import { chunkSteps, tileRows } from './limits.js';
import type { Plan } from './plan.js';

/** Uniforms of the shaders that walk over the steps. */
export function walkUniforms({ batch, steps, stepStride, batchStride }: Plan) {
  const rows = tileRows(batch);
  return { batch, steps, stepStride, batchStride, tileRows: rows, tiles: Math.ceil(batch / rows) };
}

/** One for each tile of each direction. */
export function workgroups({ batch, directions }: Plan): number {
  return directions * Math.ceil(batch / tileRows(batch));
}

/** The steps of a call as chunks that take one dispatch each. */
export function chunksOf(
  plan: Plan,
  dispatchWork: number,
): { readonly first: number; readonly count: number }[] {
  const { steps } = plan;
  const most = chunkSteps(plan, dispatchWork);
  return Array.from({ length: Math.ceil(steps / most) }, (_, i) => {
    const first = i * most;
    return { first, count: Math.min(most, steps - first) };
  });
}
