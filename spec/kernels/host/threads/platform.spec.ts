import process from 'node:process';
import { expect } from 'chai';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { nodeWorkers } from '../../../../src/kernels/host/threads/node-workers.js';
import { workerPlatform } from '../../../../src/kernels/host/threads/platform.js';
import type { WorkerPlatform } from '../../../../src/kernels/host/threads/worker.js';
import { runRound } from '../../../support/round.js';

/** Node's workers, counted, as long as `fails` does not hold. */
class CountingPlatform implements WorkerPlatform {
  readonly processors = 3;
  whyNotShared: string | undefined;
  started = 0;
  fails = false;
  private readonly node = nodeWorkers() as WorkerPlatform;

  start(...args: Parameters<WorkerPlatform['start']>) {
    if (this.fails) throw new Error('no more threads');
    this.started++;
    return this.node.start(...args);
  }
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
    expect(engine.threads.obstacle).to.equal('no more threads');
    platform.fails = false;
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(0);
    engine.threads.count = 2;
    expect(engine.threads.obstacle).to.equal(undefined);
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(1);
    engine.threads.count = 1;
  });

  it('are the caller alone where workers cannot share memory, and tell why', () => {
    const platform = new CountingPlatform();
    platform.whyNotShared = 'not isolated';
    const engine = makeEngine(platform);
    engine.threads.count = 2;
    expect(engine.threads.count).to.equal(1);
    expect(engine.threads.obstacle).to.equal('not isolated');
    expect(runRound(engine)).to.equal(true);
    expect(platform.started).to.equal(0);
  });

  it('are the caller alone where there is no platform, whatever count is set', () => {
    Object.assign(globalThis, { process: undefined });
    try {
      expect(workerPlatform()).to.equal(undefined);
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

/** Where the caller must not sleep, as on the main thread of a page. */
function withoutSleep<T>(body: () => T): T {
  const { wait } = Atomics;
  Atomics.wait = () => {
    throw new TypeError('Atomics.wait cannot be called in this context');
  };
  try {
    return body();
  } finally {
    Atomics.wait = wait;
  }
}

describe('a thread that waits', () => {
  const engines = { sleeps: () => makeEngine(), spins: () => withoutSleep(() => makeEngine()) };
  for (const [how, start] of Object.entries(engines))
    it(`for an integer that does not change ${how} until the time is over`, () => {
      const { arena, functions, base, ints } = start();
      const at = arena.allocate(1);
      ints(at, 1)[0] = 5;
      expect(functions.nap(base, at, 5, 30)).to.equal(0);
      expect(functions.nap(base, at, 4, 60_000), 'has changed already').to.equal(1);
    });

  it('spins for workers, and the products are right', () => {
    withoutSleep(() => {
      const engine = makeEngine();
      engine.threads.count = 2;
      for (let i = 0; i < 20; i++) expect(runRound(engine)).to.equal(true);
      engine.threads.count = 1;
    });
  });
});
