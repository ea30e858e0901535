import process from 'node:process';
import { expect } from 'chai';
import { describeKernels, setThreads } from '../../../src/index.js';
import { Host } from '../../../src/kernels/host/host.js';
import { makeEngine } from '../../../src/kernels/host/runtime/wasm.js';
import { nodeWorkers } from '../../../src/kernels/host/threads/node-workers.js';
import type { WorkerPlatform } from '../../../src/kernels/host/threads/worker.js';
import { runRound } from '../../support/round.js';
import { collectWarnings } from '../../support/warnings.js';

const platform = (whyNotShared: string | undefined): WorkerPlatform => ({
  processors: 4,
  whyNotShared,
  start: () => {
    throw new Error('a policy forbids it');
  },
});

describe('setThreads', () => {
  const warnings = collectWarnings();

  afterEach(() => setThreads(1));

  it('throws for what is no number of threads', () => {
    expect(() => setThreads(0)).to.throw(RangeError, 'setThreads: count: expected an integer >= 1, got 0');
    expect(() => setThreads(17)).to.throw(RangeError, 'setThreads: count: expected at most 16, got 17');
    expect(() => setThreads('2' as never)).to.throw(TypeError, 'setThreads: count: expected');
  });

  it('says nothing where workers may start', () => {
    setThreads(2);
    expect(warnings).to.deep.equal([]);
  });

  it('warns once where no worker can share memory, and one thread runs everything', () => {
    const host = new Host(() => makeEngine(platform('not isolated')));
    host.run(() => {});
    expect(warnings, 'nobody has asked for threads').to.deep.equal([]);
    for (const count of [1, 4, 2]) host.setThreads(count);
    expect(warnings).to.deep.equal([
      'setThreads: count: expected 1 here, got 4. Calls run on the calling thread: not isolated',
    ]);
    expect(host.run(({ engine }) => engine.threads.count)).to.equal(1);
    expect(host.whyAlone).to.equal('not isolated');
  });

  it('warns at a call where workers turn out not to start', () => {
    const host = new Host(() => makeEngine(platform(undefined)));
    host.setThreads(2);
    host.run(({ engine }) => runRound(engine));
    expect(host.whyAlone).to.equal('a policy forbids it');
    expect(warnings).to.deep.equal([]);
    for (let i = 0; i < 2; i++) host.run(() => {});
    expect(warnings).to.deep.equal([
      'setThreads: count: expected 1 here, got 2. Calls run on the calling thread: a policy forbids it',
    ]);
  });

  it('is told by describeKernels where it has no effect', () => {
    Object.assign(globalThis, { process: undefined });
    try {
      const host = new Host(() => makeEngine());
      expect(host.whyAlone).to.equal('no worker can start here');
    } finally {
      Object.assign(globalThis, { process });
    }
    expect(nodeWorkers()).not.to.equal(undefined);
    expect(
      describeKernels()
        .map(({ reason }) => reason)
        .join(),
    ).not.to.include(', on one thread: ');
  });
});
