import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import { type GRU, type GRUArgs, gru, setThreads } from '../../../../src/index.js';
import { host } from '../../../../src/kernels/host/host.js';
import { maxDifference } from '../../../support/parity.js';
import { skip } from '../../../support/skip.js';
import { type Mishap, WorkerWatch } from '../../../support/workers.js';

const CALL_AGAIN = '. Call again: another engine starts, on one thread; setThreads starts others';
const ENDED = `engine threads: jobs: expected all to be finished, got a worker that trapped or ended in one${CALL_AGAIN}`;
const SILENT = `engine threads: jobs: expected all to be finished, got a worker that did not answer for 60 seconds${CALL_AGAIN}`;

/** What the tests of a suite call, by {@link onTwoThreads}. */
let layer: GRU;
let x: tf.Tensor;
/** The output on one thread. */
let expected: Float32Array;
let watch: WorkerWatch;

const call = () => tf.tidy(() => layer.forward(x).output.dataSync<'float32'>().slice());

const bytesOf = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength);

/** The same to the bit: a direction is computed in one way, whoever does it. */
const expectRight = () => expect(bytesOf(call()).equals(bytesOf(expected))).to.equal(true);

/** Makes a layer and an input of this shape for a suite, whose tests begin on two threads and leave no worker behind. */
function onTwoThreads(args: GRUArgs, shape: [batch: number, steps: number, inputSize: number]): void {
  before(async function () {
    if (globalThis.process?.env?.ENGINE === 'native')
      skip(this, 'native threads are no workers of JavaScript');
    // The threads are the engine's own, whatever the backend.
    await tf.setBackend('cpu');
    layer = gru(args);
    layer.ensureBuilt(shape[2]);
  });

  beforeEach(() => {
    watch = new WorkerWatch();
    x = tf.randomNormal(shape, 0, 1, 'float32', 1);
    setThreads(1);
    expected = call();
    setThreads(2);
  });

  afterEach(async () => {
    watch.stop();
    setThreads(1);
    x.dispose();
    await watch.allEnded();
  });

  after(() => layer?.dispose());
}

describe("the engine's workers", () => {
  // Two directions of some ten milliseconds each: two jobs, and long enough to be killed in.
  onTwoThreads({ hiddenSize: 96, bidirectional: true, seed: 1 }, [8, 60, 64]);

  const gradient = () =>
    tf.tidy(() =>
      tf
        .grad((y) => tf.sum(tf.square(layer.forward(y).output)))(x)
        .dataSync<'float32'>()
        .slice(),
    );

  /** Calls until a worker has this mishap; on a busy machine some calls may not be shared. */
  function loseWorker(mishap: Mishap = 'end', told = ENDED, body: () => unknown = call): void {
    watch.plan(mishap);
    expect(() => {
      while (watch.isPlanned) body();
    })
      .to.throw(told)
      .with.property('name', 'EngineLostError');
    watch.leaveAlone();
  }

  it('start when a call needs them, and stay', () => {
    expect(watch.started).to.have.length(0);
    for (let i = 0; i < 3; i++) expectRight();
    expect(watch.started).to.have.length(1);
  });

  it('are replaced at the next call where one has ended in between', async () => {
    expectRight();
    await watch.started[0]?.terminate();
    // On a busy machine some calls may not be shared.
    for (let i = 0; i < 300 && watch.started.length < 2; i++) expectRight();
    expect(watch.started).to.have.length(2);
    expect(watch.alive).to.have.length(1);
  });

  it('are not missed by calls that come before their end is known', () => {
    expectRight();
    void watch.started[0]?.terminate();
    for (let i = 0; i < 3; i++) expectRight();
    expect(watch.started).to.have.length(1);
  });

  it('are not missed where one is killed while a call begins', () => {
    watch.onRound(() => void watch.started.at(-1)?.terminate());
    for (let i = 0; i < 3; i++) expectRight();
  });

  it('are not missed where one fails before its first job, and none starts until setThreads asks', async () => {
    watch.edit = (code) => `throw new Error('no room');${code}`;
    expectRight();
    await watch.allEnded();
    expectRight();
    expect(watch.started).to.have.length(1);
    watch.edit = (code) => code;
    setThreads(2);
    for (let i = 0; i < 3; i++) expectRight();
    expect(watch.started).to.have.length(2);
  });

  it('are not missed where the process may start none', () => {
    watch.edit = () => {
      throw new Error('Access to this API has been restricted');
    };
    for (let i = 0; i < 3; i++) expectRight();
    watch.edit = (code) => code;
    setThreads(2);
    expectRight();
    expect(watch.started).to.have.length(1);
  });

  it('never share a stack, whichever of them has ended', async () => {
    setThreads(3);
    expectRight();
    await watch.started[0]?.terminate();
    setThreads(3);
    expectRight();
    expect(watch.alive).to.have.length(2);
    const [, second, third] = watch.stacks;
    expect(third).not.to.equal(second);
  });

  it('never need another stack when their number goes to and fro', () => {
    // Some are told to stay before they have noticed, some have left.
    watch.edit = (code) =>
      code.replace(
        'for (let round',
        'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);\nfor (let round',
      );
    for (let i = 0; i < 10; i++) {
      setThreads(1);
      setThreads(2);
      expectRight();
    }
    expect(new Set(watch.stacks).size).to.equal(1);
  });

  it('may be slow to come: the others do their work, and nothing is done twice', () => {
    const sleep = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50)';
    watch.edit = (code) => code.replace('exports.work(', `${sleep}; exports.work(`);
    for (let i = 0; i < 10; i++) expectRight();
  });

  it('may forget to tell that they are done: the caller looks by itself', () => {
    watch.edit = (code) => code.replace('Atomics.notify(ints, done);\n}', '}');
    for (let i = 0; i < 3; i++) expectRight();
  });

  for (const [mishap, told] of [
    ['end', ENDED],
    ['trap', ENDED],
    ['hang', SILENT],
  ] as const)
    it(`make a call fail where one is lost in a job (${mishap}); the next gets another engine, on one thread`, () => {
      loseWorker(mishap, told);
      expectRight();
      expect(watch.started).to.have.length(1);
      setThreads(2);
      for (let i = 0; i < 3; i++) expectRight();
      expect(watch.started).to.have.length(2);
    });

  it('leave nothing behind where they are lost: tensors, engine memory, threads', async () => {
    const inUse: number[] = [];
    for (let i = 0; i < 3; i++) {
      const { numTensors } = tf.memory();
      setThreads(2);
      loseWorker();
      await watch.allEnded();
      expectRight();
      expect(tf.memory().numTensors).to.equal(numTensors);
      inUse.push(host.floatsInUse);
    }
    expect(new Set(inUse).size).to.equal(1);
  });

  it('make a gradient fail where one is lost in it, and the next is right', () => {
    setThreads(1);
    const right = gradient();
    setThreads(2);
    loseWorker('end', ENDED, gradient);
    expect(maxDifference(gradient(), right)).to.equal(0);
  });

  it('let no tape of a lost engine find what its successor has kept', () => {
    // A new engine counts from 1, as its successor does.
    loseWorker();
    setThreads(2);
    const loss = (y: tf.Tensor) => {
      const first = tf.sum(layer.forward(y).output);
      loseWorker();
      return tf.add(first, tf.sum(layer.forward(tf.mul(y, 2)).output)) as tf.Scalar;
    };
    expect(() => tf.tidy(() => tf.grad(loss)(x))).to.throw(
      UnsupportedError,
      'gradient of a recurrent layer: tape: expected the one that recorded the call',
    );
    expectRight();
  });
});

describe("a team of the engine's workers", () => {
  // One row: its units are shared, one job for each thread.
  onTwoThreads({ hiddenSize: 256, seed: 2 }, [1, 40, 64]);

  it('does without members that do not come', () => {
    watch.onRound(() => void watch.started.at(-1)?.terminate());
    for (let i = 0; i < 3; i++) expectRight();
    expect(watch.started).to.have.length(1);
  });

  it('is told at once where a member ends in it', () => {
    watch.plan('endInTeam');
    expect(() => {
      while (watch.isPlanned) call();
    })
      .to.throw(ENDED)
      .with.property('name', 'EngineLostError');
    watch.leaveAlone();
    expectRight();
  });

  it('that has waited for a lost processor is done without for some calls, then tried again; all of them are right', () => {
    watch.plan('stopInTeam');
    while (watch.isPlanned) expectRight();
    let shared = 0;
    watch.onRound(() => shared++);
    const isShared = () => {
      const before = shared;
      expectRight();
      return shared > before;
    };
    const untilShared = (wanted: boolean, most: number) => {
      let calls = 1;
      while (isShared() !== wanted && calls <= most) calls++;
      return calls;
    };
    // The trial of four rounds ends; then a pause of half a second of calls, of which each takes less than a hundred milliseconds.
    expect(untilShared(false, 4)).to.be.at.most(4);
    expect(untilShared(true, 10_000)).to.be.within(10, 10_000);
  });
});
