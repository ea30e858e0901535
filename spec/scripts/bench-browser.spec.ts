import { expect } from 'chai';
import { readOptions } from '../../scripts/bench/browser/options.js';
import { kindsIn, settingsOf, settingTitle } from '../../scripts/bench/browser/settings.js';
import { countWork, workText } from '../../scripts/bench/browser/work.js';
import type { BenchCase } from '../../scripts/bench/cases.js';
import { inFolder } from '../../scripts/bench/compare.js';
import { Contestant, type Kind, TFJS_KINDS } from '../../scripts/bench/contestants.js';
import type { Peer, Prepared } from '../../scripts/bench/peers/peer.js';
import type { Measured, Request, Work } from '../../scripts/bench/protocol.js';
import { Serving } from '../../scripts/bench/serving.js';
import { writeSafetensors } from '../../src/state-dict/index.js';

const SMALL: BenchCase = {
  name: 'small',
  cell: 'gru',
  mode: 'forward',
  inputSize: 3,
  hiddenSize: 2,
  layers: 1,
  directions: 1,
  batch: 4,
  steps: 5,
};

describe('bench in browsers: settings', () => {
  it('have data on the GPU where there is one', () => {
    expect(settingsOf(['wasm', 'webgl', 'webgpu'], ['js', 'gpu']).map(settingTitle)).to.deep.equal([
      'wasm, data from JS',
      'webgl, data from JS',
      'webgl, data on the GPU',
      'webgpu, data from JS',
      'webgpu, data on the GPU',
    ]);
  });

  it('compare with onnxruntime where it runs, on data from JS', () => {
    const others = settingsOf(['wasm', 'webgl', 'webgpu'], ['js', 'gpu']).map((setting) =>
      kindsIn(setting).flatMap(({ name }) => (name.startsWith('ort') ? name : [])),
    );
    expect(others).to.deep.equal([['ort-web'], [], [], ['ort-webgpu'], []]);
  });

  it('are chosen by the command line, always with this package itself', () => {
    expect(readOptions(['--peers', 'ort-web', '--data', 'gpu', '--backends', 'webgl'])).to.deep.include({
      peers: ['ours', 'ort-web'],
      places: ['gpu'],
      backends: ['webgl'],
      parts: ['compare', 'threads', 'work', 'first'],
    });
    expect(() => readOptions(['--backends', 'cpu'])).to.throw(
      RangeError,
      '--backends: expected one of wasm,webgl,webgpu, got "cpu"',
    );
  });
});

describe('bench in browsers: times', () => {
  const { now } = performance;
  let clock = 0;
  before(() => {
    // Each look at it is a millisecond later.
    performance.now = () => clock++;
  });
  after(() => {
    performance.now = now;
  });

  async function measure(leastMs: number, own: Partial<Prepared> = {}): Promise<Measured> {
    const prepared = { run: () => {}, results: async () => new Map(), dispose: async () => {}, ...own };
    const peer: Peer = { versions: {}, hasThreads: true, prepare: async () => prepared };
    const surroundings = { leastMs, read: async () => writeSafetensors(new Map()), write: async () => {} };
    const serving = new Serving(peer, surroundings);
    await serving.handle({ command: 'prepare', case: SMALL, numbers: 'numbers' });
    const request: Request = { command: 'measure', warmMs: 0, blockMs: 0, maxRuns: 3 };
    return (await serving.handle(request)) as Measured;
  }

  it('are means over as many calls as a coarse clock needs, and of one call where that has its own data', async () => {
    let calls = 0;
    const run = () => void calls++;
    expect(await measure(4, { run })).to.deep.equal({ times: [1] });
    expect(calls).to.equal(4);
    calls = 0;
    let refreshed = 0;
    await measure(4, { run, refresh: async () => void refreshed++ });
    expect([calls, refreshed]).to.deep.equal([1, 1]);
  });

  it('come with what a peer says that it ran', async () => {
    expect((await measure(0, { ran: () => 'engine' })).ran).to.equal('engine');
    expect(await measure(0)).not.to.have.property('ran');
  });
});

describe('bench in browsers: work', () => {
  /** Has compiled 3 programs for the first number of steps, and one for each further one. */
  function contestant(kind: Kind, fault?: string): Contestant {
    let steps = 0;
    let programs = 2;
    const answer = (request: Request): object => {
      if (request.command === 'prepare' && request.case.steps !== steps) {
        ({ steps } = request.case);
        programs++;
      }
      const work: Work = { dispatches: steps, reads: 1, bytesRead: 40, programs };
      return request.command === 'work' ? work : {};
    };
    const connection = {
      hello: async () => ({ result: { versions: {}, hasThreads: true } }),
      ask: async <T>(request: Request) =>
        fault === undefined ? { result: answer(request) as T } : { error: fault },
      end: () => {},
      kill: () => {},
    };
    return new Contestant(kind, 1, () => connection, 1000);
  }

  it('is that of the second call, and the programs are those of another number of steps', async () => {
    const [ours, reference] = TFJS_KINDS as [Kind, Kind];
    const contestants = [contestant(ours), contestant(reference, 'the WebGL context was lost')];
    const result = await inFolder((folder) => countWork(SMALL, contestants, folder));
    expect(workText(result).split('\n')).to.deep.equal([
      'GRU small forward, work of a call',
      '                      dispatches  reads  bytes read  programs, another T',
      'tfjs-torch-rnn                 5      1          40                    1',
      '  composed of tf ops           -',
      'composed of tf ops: the WebGL context was lost',
    ]);
  });
});
