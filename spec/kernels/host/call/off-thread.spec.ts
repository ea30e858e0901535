import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { callOf, type DirectionWeights, listInputs } from '../../../../src/kernels/contract.js';
import { infer } from '../../../../src/kernels/host/call/forward.js';
import { inferOffThread } from '../../../../src/kernels/host/call/off-thread.js';
import { Host } from '../../../../src/kernels/host/host.js';
import { EngineLostError } from '../../../../src/kernels/host/runtime/engine-lost-error.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { workerPlatform } from '../../../../src/kernels/host/threads/platform.js';
import type {
  RunningWorker,
  WorkerEvents,
  WorkerPlatform,
} from '../../../../src/kernels/host/threads/worker.js';
import { CELLS, type Cell } from '../../../../src/torch/cells.js';

const [I, H] = [5, 24];

interface Post {
  readonly blocks?: readonly { readonly values: Int32Array }[];
}

/** The workers of this machine, watched. */
class WatchedPlatform implements WorkerPlatform {
  readonly processors = availableParallelism();
  readonly workers: RunningWorker[] = [];
  readonly events: WorkerEvents[] = [];
  /** Integers of the blocks of each message. */
  readonly sent: number[] = [];
  /** Changes a program. */
  edit: (program: string) => string = (program) => program;

  constructor(readonly whyNotShared: string | undefined) {}

  start(program: string, data: object, events: WorkerEvents): RunningWorker {
    const worker = (workerPlatform() as WorkerPlatform).start(this.edit(program), data, events);
    this.workers.push(worker);
    this.events.push(events);
    return {
      ...worker,
      post: (message, transfer) => {
        const { blocks = [] } = message as Post;
        this.sent.push(blocks.reduce((sum, { values }) => sum + values.length, 0));
        worker.post(message, transfer);
      },
    };
  }
}

function makeCall(cell: Cell, batch: number, steps: number, seed: number) {
  const rows = CELLS[cell].gates * H;
  const random = (...shape: number[]) => tf.randomNormal(shape, 0, 1, 'float32', seed + shape.length);
  const direction = (inputSize: number) =>
    ({
      weight_ih: random(rows, inputSize),
      weight_hh: random(rows, H),
      bias_ih: random(rows),
      bias_hh: random(rows),
    }) as DirectionWeights;
  const inputs = {
    x: random(batch, steps, I) as tf.Tensor3D,
    weights: [I, I, 2 * H, 2 * H].map(direction),
    lengths: tf.tensor1d(
      Array.from({ length: batch }, (_, b) => 1 + (b % steps)),
      'int32',
    ),
  };
  const call = callOf(cell, { batchFirst: true, bidirectional: true, hiddenSize: H, projSize: 0 }, inputs);
  return { call, tensors: listInputs(call, inputs) };
}

type Call = ReturnType<typeof makeCall>;

function take(infos: readonly tf.TensorInfo[]): number[][] {
  const backend = tf.backend() as tf.KernelBackend;
  return infos.map(({ dataId }) => {
    const values = [...(backend.readSync(dataId) as Float32Array)];
    backend.disposeData(dataId);
    return values;
  });
}

const onCaller = (host: Host, { call, tensors }: Call) =>
  host.run(({ engine, cache, bufferCache }) =>
    take(infer(engine, cache, bufferCache, tf.backend() as tf.KernelBackend, call, tensors)),
  );

const offThread = (host: Host, { call, tensors }: Call) =>
  host.runOffThread(async (running) => {
    const { outputs, callerReason } = await inferOffThread(running, tensors, call);
    return { outputs: take(outputs), callerReason };
  });

for (const [title, whyNotShared] of [
  ['by threads that share memory', undefined],
  ['by a worker with an engine of its own', 'not isolated'],
] as const)
  describe(`a call off the calling thread, ${title}`, () => {
    let platform: WatchedPlatform;
    let host: Host;
    let calls: Call[];

    beforeEach(async () => {
      await tf.setBackend('cpu');
      platform = new WatchedPlatform(whyNotShared);
      host = new Host(() => makeEngine(platform));
      calls = (['GRU', 'LSTM', 'RNN_TANH'] as const).map((cell, i) => makeCall(cell, 5, 9, i));
    });

    afterEach(() => {
      tf.dispose(calls.flatMap(({ tensors }) => tensors));
      for (const worker of platform.workers) worker.terminate();
    });

    it('gives the bits of one on it, again and again, and all memory back', async () => {
      const expected = calls.map((call) => onCaller(host, call));
      const results = await Promise.all([...calls, ...calls].map((call) => offThread(host, call)));
      for (const [i, { outputs, callerReason }] of results.entries()) {
        expect(outputs).to.deep.equal(expected[i % 3]);
        expect(callerReason).to.equal(undefined);
      }
      tf.dispose(calls.flatMap(({ tensors }) => tensors));
      expect(host.floatsInUse).to.be.below(2 ** 17);
    });

    it('runs on the calling thread where the worker fails before, and tells why', async () => {
      const expected = calls.map((call) => onCaller(host, call));
      platform.edit = () => "() => { throw new Error('blocked') }";
      const [call] = calls as [Call];
      expect(await offThread(host, call)).to.deep.equal({ outputs: expected[0], callerReason: 'blocked' });
      expect(host.whyNotOffThread).to.equal('blocked');
    });

    it('runs on the calling thread where no worker can start', async () => {
      const [call] = calls as [Call];
      const expected = onCaller(host, call);
      platform.edit = () => {
        throw new Error('no more threads');
      };
      expect(await offThread(host, call)).to.deep.equal({
        outputs: expected,
        callerReason: 'no more threads',
      });
      expect(host.whyNotOffThread).to.equal('no more threads');
    });

    it('is lost with an engine that another call has lost', async () => {
      const [call] = calls as [Call];
      await offThread(host, call);
      const promise = offThread(host, call);
      // Its turn comes in some microtasks; what workers tell comes in a later turn of the event loop.
      for (let i = 0; i < 50; i++) await Promise.resolve();
      expect(() => host.run(({ engine }) => engine.functions.forward(engine.base, 2 ** 29))).to.throw(
        EngineLostError,
        'got a trap',
      );
      const error = await promise.catch((caught: unknown) => caught);
      expect(error).to.be.instanceOf(EngineLostError);
      const again = await offThread(host, call);
      expect(again.outputs).to.deep.equal(onCaller(host, call));
    });
  });

describe('a call off the calling thread, by threads that share memory', () => {
  let platform: WatchedPlatform;
  let host: Host;
  let call: Call;
  let expected: number[][];

  beforeEach(async () => {
    await tf.setBackend('cpu');
    platform = new WatchedPlatform(undefined);
    host = new Host(() => makeEngine(platform));
    call = makeCall('GRU', 8, 40, 1);
    expected = onCaller(host, call);
  });

  afterEach(() => {
    tf.dispose(call.tensors);
    for (const worker of platform.workers) worker.terminate();
  });

  it('has one worker at least, and as many as threads but one', async () => {
    for (const [threads, workers] of [
      [1, 1],
      [2, 1],
      [3, 2],
    ] as const) {
      host.setThreads(threads);
      expect((await offThread(host, call)).outputs).to.deep.equal(expected);
      expect(host.run(({ engine }) => engine.threads.countOffThread)).to.equal(workers);
    }
    expect(platform.workers.length).to.equal(2);
  });

  it('goes on while the number of threads changes, and calls come on the calling thread', async () => {
    for (const threads of [3, 1, 2, 4, 1]) {
      const promise = offThread(host, call);
      host.setThreads(threads);
      expect(onCaller(host, call)).to.deep.equal(expected);
      await Promise.resolve();
      host.setThreads(1 + (threads % 3));
      expect((await promise).outputs).to.deep.equal(expected);
    }
  });

  it('is finished by the calling thread where a worker has ended without a job', async () => {
    host.setThreads(2);
    platform.edit = (program) =>
      program.replace('exports.work(', 'process.exit(); exports.work(').replace('isAtWork = true', '');
    const { outputs, callerReason } = await offThread(host, call);
    expect(outputs).to.deep.equal(expected);
    expect(callerReason).to.equal('a worker has ended');
  });

  it('is rejected where a worker has trapped in a job', async () => {
    host.setThreads(2);
    platform.edit = (program) =>
      program.replace('exports.work(', "throw new WebAssembly.RuntimeError('unreachable'); exports.work(");
    const error = await offThread(host, call).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(EngineLostError);
    platform.edit = (program) => program;
    expect((await offThread(host, call)).outputs).to.deep.equal(expected);
  });
});

describe('a call off the calling thread, by a worker with an engine of its own', () => {
  it('is sent weights once, and again where they have changed', async () => {
    await tf.setBackend('cpu');
    const platform = new WatchedPlatform('not isolated');
    const host = new Host(() => makeEngine(platform));
    const [call, other] = [makeCall('GRU', 5, 9, 1), makeCall('GRU', 5, 9, 2)];
    for (const each of [call, call, other, call]) await offThread(host, each);
    const [first, second, third, fourth] = platform.sent as [number, number, number, number];
    expect(second).to.be.below(first / 2);
    expect(third).to.equal(first);
    expect(fourth).to.equal(second);
    expect(platform.workers).to.have.length(1);
    tf.dispose([...call.tensors, ...other.tensors]);
    for (const worker of platform.workers) worker.terminate();
  });

  it('may be larger than the memory with which that engine begins', async () => {
    await tf.setBackend('cpu');
    const platform = new WatchedPlatform('not isolated');
    const host = new Host(() => makeEngine(platform));
    // Its scratch lies beyond all that is sent.
    const call = makeCall('GRU', 64, 300, 1);
    const expected = onCaller(host, call);
    const { outputs, callerReason } = await offThread(host, call);
    expect(callerReason).to.equal(undefined);
    for (const [i, values] of outputs.entries())
      expect(values.every((value, k) => value === expected[i]?.[k])).to.equal(true);
    tf.dispose(call.tensors);
    for (const worker of platform.workers) worker.terminate();
  });
});
