import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import {
  describeKernels,
  type GRU,
  gru,
  type KernelDescription,
  type LSTM,
  lstm,
  rnn,
  setThreads,
} from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';

const [B, T, I, H] = [3, 7, 5, 6];

const active = () => describeKernels().find(({ isActive }) => isActive) as KernelDescription;

/** The elements of all tensors of a result, which are disposed. */
async function valuesOf(result: object): Promise<Record<string, number[]>> {
  const values: Record<string, number[]> = {};
  for (const [name, tensor] of Object.entries(result) as [string, tf.Tensor][]) {
    values[name] = [...tensor.shape, ...(await tensor.data())];
    tensor.dispose();
  }
  return values;
}

const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describeEachBackend('forwardAsync', (backend) => {
  /** On GPUs tf ops may run `forward`, and round otherwise. */
  const isExact = !['webgl', 'webgpu'].includes(backend);
  function layerOf<L extends GRU | LSTM>(layer: L): L {
    layer.ensureBuilt(I);
    return layer;
  }

  /** Fails unless forwardAsync gives what forward gives, and runs off the calling thread. */
  async function expectSame(layer: GRU | LSTM, x: tf.Tensor, options: object = {}): Promise<void> {
    const expected = await valuesOf(layer.forward(x, options));
    const got = await valuesOf(await layer.forwardAsync(x, options));
    if (isExact) expect(got).to.deep.equal(expected);
    for (const [name, values] of Object.entries(expected))
      for (const [i, value] of values.entries()) expect(got[name]?.[i]).to.be.closeTo(value, 1e-5);
    expect(active()).to.deep.include({ lastAsyncRun: 'workers', lastAsyncReason: undefined });
    layer.dispose();
  }

  for (const threads of [1, 2, 3])
    it(`gives what forward gives: layers, directions, states, lengths; ${threads} threads`, async () => {
      setThreads(threads);
      const args = { hiddenSize: H, numLayers: 2, bidirectional: true, seed: 1 };
      const [x, state, projected] = [random([B, T, I], 1), random([4, B, H], 2), random([4, B, 2], 3)];
      const lengths = [T, 2, 4];
      await expectSame(layerOf(gru(args)), x, { h0: state, lengths });
      await expectSame(layerOf(rnn(args)), x, { lengths });
      await expectSame(layerOf(lstm(args)), x, { h0: state, c0: state });
      await expectSame(layerOf(lstm({ ...args, projSize: 2 })), x, { h0: projected, c0: state, lengths });
      tf.dispose([x, state, projected]);
      setThreads(1);
    });

  it('takes an unbatched sequence, a time-major one, and lengths in a tensor', async () => {
    const [x, unbatched, lengths] = [
      random([T, B, I], 1),
      random([T, I], 2),
      tf.tensor1d([T, 1, 3], 'int32'),
    ];
    await expectSame(layerOf(gru({ hiddenSize: H, seed: 1 })), unbatched);
    const layer = layerOf(gru({ hiddenSize: H, batchFirst: false, seed: 1 }));
    await expectSame(layer, x, { lengths });
    tf.dispose([x, unbatched, lengths]);
  });

  it('takes inputs that are disposed, weights that are set and a layer that is disposed before it is done', async () => {
    const layer = gru({ hiddenSize: H, seed: 1 });
    layer.ensureBuilt(I);
    const [x, h0] = [random([B, T, I], 1), random([1, B, H], 2)];
    const expected = await valuesOf(layer.forward(x, { h0 }));
    const first = layer.forwardAsync(x, { h0 });
    const zeros = layer.getWeights().map((weight) => tf.zerosLike(weight));
    layer.setWeights(zeros);
    const second = layer.forwardAsync(x, { h0 });
    layer.dispose();
    tf.dispose([x, h0, ...zeros]);
    const got = await valuesOf(await first);
    for (const [name, values] of Object.entries(expected))
      for (const [i, value] of values.entries()) expect(got[name]?.[i]).to.be.closeTo(value, 1e-5);
    // With weights of zeros z is 1/2 and n is 0.
    expect((await valuesOf(await second)).hn?.length).to.equal(3 + B * H);
  });

  it('runs beside calls of forward, and calls of its own, whatever the order', async () => {
    setThreads(2);
    const layers = [
      gru({ hiddenSize: 64, bidirectional: true, seed: 1 }),
      gru({ hiddenSize: 8, seed: 2 }),
    ].map(layerOf);
    const xs = [0, 1, 2, 3].map((seed) => random([4, 30, I], seed));
    const call = (i: number) => [layers[i % 2], xs[i % 4]] as [GRU, tf.Tensor];
    const expected: object[] = [];
    for (let i = 0; i < 8; i++) {
      const [layer, x] = call(i);
      expected.push(await valuesOf(await layer.forwardAsync(x)));
    }
    const promises = Array.from({ length: 8 }, (_, i) => {
      const [layer, x] = call(i);
      const promise = layer.forwardAsync(x);
      if (isExact) tf.tidy(() => void layer.forward(x));
      return promise;
    });
    for (const [i, promise] of promises.entries())
      expect(await valuesOf(await promise)).to.deep.equal(expected[i]);
    tf.dispose(xs);
    for (const layer of layers) layer.dispose();
    setThreads(1);
  });

  it('in tidy: neither inputs nor results are disposed too early, nor left behind', async () => {
    const layer = layerOf(gru({ hiddenSize: H, seed: 1 }));
    const expected = await valuesOf(tf.tidy(() => layer.forward(random([B, T, I], 1))));
    let promise: Promise<object> | undefined;
    tf.tidy(() => {
      promise = layer.forwardAsync(random([B, T, I], 1));
    });
    const got = await valuesOf((await promise) as object);
    expect(got.output?.length).to.equal(expected.output?.length);
    if (isExact) expect(got).to.deep.equal(expected);
    layer.dispose();
  });

  it('throws at once while a gradient is recorded, and says why', () => {
    const layer = layerOf(gru({ hiddenSize: H, seed: 1 }));
    const gradient = tf.grad((x) => {
      void layer.forwardAsync(x);
      return tf.sum(x);
    });
    expect(() => tf.tidy(() => gradient(random([B, T, I], 1)))).to.throw(
      UnsupportedError,
      'GRU.forwardAsync: gradient: expected none to be recorded, got a call inside of one. ' +
        'tfjs records what runs before its function returns: use forward',
    );
    layer.dispose();
  });

  it("is rejected with forward's errors, and leaves nothing behind", async () => {
    const layer = layerOf(lstm({ hiddenSize: H, seed: 1 }));
    const [x, h0] = [random([B, T, I], 1), random([1, B, H], 2)];
    for (const [wrong, options] of [
      [x, { h0 }],
      [x, { lengths: [1, 2] }],
      [x, { lengths: [T, T + 1, 1] }],
      [x, { lengths: tf.tensor1d([T, T + 1, 1], 'int32') }],
      [x, { h1: h0 }],
      [x, null],
      [h0, {}],
      ['x', {}],
    ] as const) {
      const errors = await Promise.all(
        [
          () => layer.forward(wrong as tf.Tensor, options as object),
          () => layer.forwardAsync(wrong as tf.Tensor, options as object),
        ].map(async (body) => {
          try {
            await body();
            return 'nothing';
          } catch (error) {
            return String(error).replace('forwardAsync', 'forward');
          }
        }),
      );
      if (isExact) expect(errors[1]).to.equal(errors[0]);
      expect(errors[1]).to.not.equal('nothing');
      if (options && 'lengths' in options && options.lengths instanceof tf.Tensor) options.lengths.dispose();
    }
    tf.dispose([x, h0]);
    layer.dispose();
  });

  for (const [args, options, reason] of [
    [{ implementation: 'reference' }, {}, "implementation: 'reference'"],
    [{ numLayers: 2, dropout: 0.5 }, { training: true }, 'dropout between layers is made of tf ops'],
  ] as const)
    it(`yields, then runs on the calling thread: ${reason}`, async () => {
      const layer = layerOf(gru({ hiddenSize: H, seed: 1, ...args }));
      const x = random([B, T, I], 1);
      let hasYielded = false;
      setTimeout(() => {
        hasYielded = true;
      });
      const { output, hn } = await layer.forwardAsync(x, options);
      expect(output.shape).to.deep.equal([B, T, H]);
      expect(hasYielded).to.equal(true);
      expect(active()).to.deep.include({ lastAsyncRun: 'the calling thread', lastAsyncReason: reason });
      tf.dispose([x, output, hn]);
      layer.dispose();
    });
});

describe('forwardAsync of a long call', () => {
  it('lets timers run meanwhile, as forward does not', async () => {
    setThreads(2);
    const layer = gru({ hiddenSize: 256, numLayers: 2, seed: 1 });
    layer.ensureBuilt(64);
    const x = random([8, 200, 64], 1);
    // The first call starts the workers.
    tf.dispose(await layer.forwardAsync(x));
    let isPending = true;
    let ticks = 0;
    const tick = () => {
      if (!isPending) return;
      ticks++;
      setTimeout(tick);
    };
    setTimeout(tick);
    tf.dispose(layer.forward(x));
    expect(ticks, 'in forward').to.equal(0);
    const promise = layer.forwardAsync(x);
    const before = ticks;
    tf.dispose(await promise);
    isPending = false;
    expect(active()).to.deep.include({ lastAsyncRun: 'workers', lastAsyncReason: undefined });
    expect(ticks - before).to.be.greaterThan(5);
    tf.dispose(x);
    layer.dispose();
    setThreads(1);
  });
});
