import { INPUT_GRADIENT, noFields, placeStruct } from '../../src/kernels/host/abi/structs.js';
import { Scope } from '../../src/kernels/host/runtime/arena.js';
import type { Engine, Job } from '../../src/kernels/host/runtime/engine.js';

/** Runs a round of three jobs, of a product each, large enough to wake workers for. @returns whether the products are right. */
export function runRound(engine: Engine): boolean {
  const scope = new Scope(engine.arena);
  const [dgates, weight] = [1, 2].map((value) => {
    const at = scope.allocate(8);
    engine.floats(at, 8).fill(value);
    return at;
  }) as [number, number];
  const products = [0, 1, 2].map(() => scope.allocate(8));
  const jobs = products.map((dx): Job => {
    const sizes = { dgates_stride: 1, depth: 1, rows: 1, columns: 8 };
    const fields = { ...noFields(INPUT_GRADIENT), ...sizes, dgates, weight_t: weight, dx };
    return { job: 'input_gradient', at: placeStruct(engine, scope, INPUT_GRADIENT, fields) };
  });
  engine.threads.run({ jobs, flops: 1e9, kind: 1 });
  const isRight = products.every((at) => engine.floats(at, 8).every((value) => value === 2));
  scope.release();
  return isRight;
}
