import { expect } from 'chai';
import { INPUT_GRADIENT, noFields, placeStruct } from '../../../../src/kernels/host/abi/structs.js';
import { Scope } from '../../../../src/kernels/host/runtime/arena.js';
import type { Engine, Job } from '../../../../src/kernels/host/runtime/engine.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { nodeThreads } from '../../../../src/kernels/host/threads/node-threads.js';
import type { WorkerPlatform } from '../../../../src/kernels/host/threads/worker.js';

/** Node's workers, counted, as long as `fails` does not hold. */
class CountingPlatform implements WorkerPlatform {
  readonly processors = 3;
  started = 0;
  fails = false;
  private readonly node = nodeThreads() as WorkerPlatform;

  start(...args: Parameters<WorkerPlatform['start']>) {
    if (this.fails) throw new Error('no more threads');
    this.started++;
    return this.node.start(...args);
  }
}

/** Runs a round of three jobs, of a product each, large enough to wake workers for. @returns whether the products are right. */
function runRound(engine: Engine): boolean {
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
  engine.threads.run({ jobs, flops: 1e9 });
  const isRight = products.every((at) => engine.floats(at, 8).every((value) => value === 2));
  scope.release();
  return isRight;
}

describe('the threads of an engine', () => {
  it('are workers of the platform that it is given', () => {
    const platform = new CountingPlatform();
    const engine = makeEngine(platform);
    expect(engine.threads.processors).to.equal(3);
    engine.threads.count = 3;
    expect(platform.started, 'before the first round').to.equal(0);
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(2);
    engine.threads.count = 1;
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(2);
  });

  it('are the caller alone where the platform starts none, until a count is set', () => {
    const platform = new CountingPlatform();
    const engine = makeEngine(platform);
    engine.threads.count = 2;
    platform.fails = true;
    expect(runRound(engine)).to.equal(true);
    expect(engine.threads.count).to.equal(1);
    platform.fails = false;
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(0);
    engine.threads.count = 2;
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(1);
    engine.threads.count = 1;
  });

  it('are the caller alone where there is no platform, whatever count is set', () => {
    const { process } = globalThis;
    Object.assign(globalThis, { process: undefined });
    try {
      expect(nodeThreads()).to.equal(undefined);
      const engine = makeEngine();
      engine.threads.count = 4;
      expect(engine.threads.count).to.equal(1);
      expect(engine.threads.processors).to.equal(1);
      expect(runRound(engine)).to.equal(true);
    } finally {
      Object.assign(globalThis, { process });
    }
  });
});
