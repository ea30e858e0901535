import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../src/index.js';
import type { KerasGRUArgs } from '../../src/keras/layer/args.js';
import { KerasGRU } from '../../src/keras/layer/keras-gru.js';
import { describeEachBackend } from '../support/backends.js';
import { readsOnFakeGpu } from '../support/fake-gpu.js';
import { maxDifference } from '../support/parity.js';
import { tidied } from '../support/tidied.js';

/** Padding in front, at the end and in holes, a full row and an empty one. */
const MASK = [
  [0, 0, 1, 1],
  [1, 0, 1, 0],
  [1, 1, 1, 1],
  [0, 0, 0, 0],
];

function mask(rows = MASK): tf.Tensor2D {
  return tf.tensor2d(rows, undefined, 'bool');
}

/** `[4, 4, 2]`. */
function sequence(): tf.Tensor3D {
  return tf.randomNormal([4, 4, 2], 0, 1, 'float32', 3) as tf.Tensor3D;
}

function make(args: Partial<KerasGRUArgs> = {}): KerasGRU {
  return new KerasGRU({ hiddenSize: 3, seed: 5, ...args });
}

async function expectClose(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-6): Promise<void> {
  expect(actual.shape).to.deep.equal(expected.shape);
  expect(maxDifference(await actual.data(), await expected.data())).to.be.at.most(tolerance);
}

/** The present steps of a row. */
function present(x: tf.Tensor3D, row: number, rows = MASK): tf.Tensor3D {
  const steps = rows[row].flatMap((bit, step) => (bit ? [step] : []));
  return tf.gather(tf.slice(x, [row, 0, 0], [1, -1, -1]), steps, 1) as tf.Tensor3D;
}

describeEachBackend('KerasGRU', (backend) => {
  it('computes what GRU computes from the same weights, in both directions', async () => {
    const layer = make({ bidirectional: true, returnSequences: true, returnState: true });
    const torch = gru({ hiddenSize: 3, bidirectional: true, inputSize: 2 });
    await tidied(async () => {
      const x = sequence();
      const [output, forward, backward] = layer.apply(x) as tf.Tensor[];
      torch.ensureBuilt(2);
      torch.setWeights(layer.getWeights());
      const expected = torch.forward(x);
      await expectClose(output, expected.output);
      await expectClose(tf.stack([forward, backward]), expected.hn);
    });
    layer.dispose();
    torch.dispose();
  });

  it('reads the present steps of a masked row, whatever the others hold, NaN included', async () => {
    const layer = make({ returnState: true });
    await tidied(async () => {
      const x = sequence();
      const bits = tf.expandDims(mask(), 2);
      const spoilt = tf.where(bits, x, tf.fill(x.shape, Number.NaN));
      const [output, state] = layer.apply(spoilt, { mask: mask() }) as tf.Tensor[];
      for (const row of [0, 1, 2]) {
        const [last] = layer.apply(present(x, row)) as tf.Tensor[];
        await expectClose(tf.slice(output, [row, 0], [1, 3]), last);
        await expectClose(tf.slice(state, [row, 0], [1, 3]), last);
      }
    });
    layer.dispose();
  });

  it('returns zeros for an empty row, and its initial state', async () => {
    const layer = make({ returnState: true });
    await tidied(async () => {
      const h = tf.ones([4, 3]);
      const [output, state] = layer.apply([sequence(), h], { mask: mask() }) as tf.Tensor[];
      expect(await tf.slice(output, [3, 0]).array()).to.deep.equal([[0, 0, 0]]);
      expect(await tf.slice(state, [3, 0]).array()).to.deep.equal([[1, 1, 1]]);
    });
    layer.dispose();
  });

  it('has the gradients of the steps it read, none of masked ones, and NaN there reaches nothing', async () => {
    const layer = make({ returnSequences: true, goBackwards: true });
    await tidied(async () => {
      const x = sequence();
      const bits = tf.expandDims(mask(), 2);
      const spoilt = tf.where(bits, x, tf.fill(x.shape, Number.NaN));
      const loss = (y: tf.Tensor) => tf.sum(tf.square(layer.apply(y, { mask: mask() }) as tf.Tensor));
      const [dx, expected] = [tf.grad(loss)(spoilt), tf.grad(loss)(x)];
      await expectClose(dx, expected);
      await expectClose(tf.mul(dx, tf.sub(1, tf.cast(bits, 'float32'))), tf.zerosLike(dx), 0);
      expect(await tf.max(tf.abs(dx)).array()).to.be.above(1e-2);
      // Without a mask, the same loss over the present steps only: a held output counts again.
      const row = (y: tf.Tensor) => {
        const steps = layer.apply(y) as tf.Tensor;
        return tf.add(
          tf.sum(tf.square(steps)),
          tf.mul(2, tf.sum(tf.square(tf.slice(steps, [0, 1, 0], [1, 1, 3])))),
        );
      };
      const alone = tf.grad((y) => row(y) as tf.Scalar)(present(x, 0));
      await expectClose(tf.slice(dx, [0, 2, 0], [1, 2, 2]), alone);
    });
    layer.dispose();
  });

  it('ignores the mask with maskRule: ignore, and passes it on', async () => {
    const layer = make({ returnSequences: true, maskRule: 'ignore' });
    await tidied(async () => {
      const x = sequence();
      const m = mask();
      await expectClose(layer.apply(x, { mask: m }) as tf.Tensor, layer.apply(x) as tf.Tensor);
      expect(layer.computeMask(x, m)).to.equal(m);
    });
    layer.dispose();
  });

  it('passes a mask on with each sequence, not with a state or a last output', () => {
    tf.tidy(() => {
      const [x, m] = [sequence(), mask()];
      const masks = (args: Partial<KerasGRUArgs>) => make(args).computeMask(x, m) as unknown;
      expect(masks({ returnSequences: true })).to.equal(m);
      expect(masks({})).to.equal(null);
      expect(masks({ returnSequences: true, returnState: true })).to.deep.equal([m, null]);
      const both = { bidirectional: true, mergeMode: 'none' } as const;
      expect(masks({ ...both, returnSequences: true, returnState: true })).to.deep.equal([m, m, null, null]);
      expect(masks(both)).to.deep.equal([null, null]);
    });
  });

  it('continues from call to call in both directions with stateful, until resetStates', async () => {
    const layer = make({ bidirectional: true, stateful: true, returnState: true });
    await tidied(async () => {
      const [x, y] = [sequence(), tf.neg(sequence())];
      const [first, ...states] = layer.apply(x) as tf.Tensor[];
      const [second] = layer.apply(y) as tf.Tensor[];
      await expectClose(second, (layer.apply([y, ...states]) as tf.Tensor[])[0]);
      layer.resetStates();
      await expectClose((layer.apply(x) as tf.Tensor[])[0], first);
      layer.resetStates(states);
      await expectClose((layer.apply(y) as tf.Tensor[])[0], second);
      expect(() => layer.apply(tf.zeros([3, 4, 2]))).to.throw(
        RangeError,
        'KerasGRU.apply: x: expected batch size 4, as in the call before, got 3. A stateful layer carries one state per row. ' +
          'Call resetStates() before changing the batch size',
      );
    });
    layer.dispose();
  });

  it('drops inputs in training only, the same ones at every step, others in each direction', async () => {
    const layer = make({ bidirectional: true, returnSequences: true, dropout: 0.5 });
    await tidied(async () => {
      const x = tf.add(tf.abs(tf.randomNormal([64, 4, 1], 0, 1, 'float32', 7)), 0.5);
      const halves = (y: tf.Tensor) => tf.split(y, 2, 2);
      const [kept, dropped] = [tf.mul(x, 2), tf.zerosLike(x)].map((y) => halves(layer.apply(y) as tf.Tensor));
      await expectClose(layer.apply(x) as tf.Tensor, layer.apply(x, { training: false }) as tf.Tensor, 0);
      const trained = halves(layer.apply(x, { training: true }) as tf.Tensor);
      const isKept = await Promise.all(
        trained.map(async (half, direction) => {
          const distance = async (other: tf.Tensor) =>
            (await tf.max(tf.abs(tf.sub(half, other)), [1, 2]).array()) as number[];
          const [toKept, toDropped] = [await distance(kept[direction]), await distance(dropped[direction])];
          for (const [row, d] of toKept.entries()) expect(Math.min(d, toDropped[row])).to.be.below(1e-6);
          return toKept.map((d) => d < 1e-6);
        }),
      );
      for (const rows of isKept) expect(rows.filter(Boolean).length).to.be.within(12, 52);
      expect(isKept[0]).not.to.deep.equal(isKept[1]);
    });
    layer.dispose();
  });

  for (const goBackwards of [false, true])
    for (const isMasked of [false, true])
      it(`runs each direction alone to drop inputs${goBackwards ? ', backwards' : ''}${isMasked ? ', masked' : ''}`, async () => {
        // This rate drops nothing, and 1 / (1 - rate) rounds to 1: both layers must agree.
        const args = { bidirectional: true, returnSequences: true, returnState: true, goBackwards } as const;
        const [plain, dropping] = [make(args), make({ ...args, dropout: 1e-9 })];
        await tidied(async () => {
          const x = sequence();
          const states = [
            tf.randomNormal([4, 3], 0, 1, 'float32', 8),
            tf.randomNormal([4, 3], 0, 1, 'float32', 9),
          ];
          const apply = (layer: KerasGRU, y: tf.Tensor, training: boolean) =>
            layer.apply([y, ...states], { training, ...(isMasked && { mask: mask() }) }) as tf.Tensor[];
          const expected = apply(plain, x, false);
          for (const [i, output] of apply(dropping, x, true).entries())
            await expectClose(output, expected[i]);
          const gradient = (layer: KerasGRU) =>
            tf.grad((y) => tf.addN(apply(layer, y, true).map((output) => tf.sum(tf.square(output)))))(x);
          await expectClose(gradient(dropping), gradient(plain), 1e-5);
        });
        for (const layer of [plain, dropping]) layer.dispose();
      });

  it('computes no direction twice to drop inputs', () => {
    const layer = make({
      bidirectional: true,
      returnSequences: true,
      dropout: 0.5,
      implementation: 'reference',
    });
    tf.tidy(() => {
      const x = sequence();
      const products = (training: boolean) => {
        let count = 0;
        const matMul = tf.getKernel('BatchMatMul', tf.getBackend());
        const { kernelFunc } = matMul;
        Object.assign(matMul, {
          kernelFunc: (params: Parameters<typeof kernelFunc>[0]) => {
            count++;
            return kernelFunc(params);
          },
        });
        layer.apply(x, { training });
        Object.assign(matMul, { kernelFunc });
        return count;
      };
      products(false);
      expect(products(true)).to.equal(products(false)).and.be.above(0);
    });
    layer.dispose();
  });

  it('puts its regularizers into the loss', async () => {
    const regularizer = { l1: 0.1, l2: 0.01 };
    const layer = make({
      kernelRegularizer: regularizer,
      recurrentRegularizer: { l1: 0, l2: 0.5 },
      biasRegularizer: { l1: 0.3, l2: 0 },
    });
    await tidied(async () => {
      layer.apply(sequence());
      const [ih, hh, biasIh, biasHh] = await Promise.all(
        layer.getWeights().map(async (weight) => Array.from(await weight.data())),
      );
      const l1 = (values: number[]) => values.reduce((sum, value) => sum + Math.abs(value), 0);
      const l2 = (values: number[]) => values.reduce((sum, value) => sum + value * value, 0);
      const losses = await Promise.all(layer.calculateLosses().map((loss) => loss.array()));
      const expected = [0.1 * l1(ih) + 0.01 * l2(ih), 0.5 * l2(hh), 0.3 * l1(biasIh), 0.3 * l1(biasHh)];
      expect(losses).to.have.length(4);
      for (const [i, loss] of losses.entries()) expect(loss).to.be.closeTo(expected[i], 1e-5);
    });
    layer.dispose();
  });

  it('ignores what other layers of a model leave in the options of a call', async () => {
    const [x, h] = [tf.input({ shape: [4, 2] }), tf.input({ shape: [3] })];
    const simple = tf.layers.simpleRNN({ units: 3, returnSequences: true });
    const layer = make();
    const middle = simple.apply([x, h]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: [x, h], outputs: layer.apply(middle) as tf.SymbolicTensor });
    await tidied(async () => {
      const [values, state] = [sequence(), tf.ones([4, 3])];
      const expected = layer.apply(simple.apply([values, state]) as tf.Tensor) as tf.Tensor;
      await expectClose(model.predict([values, state]) as tf.Tensor, expected);
    });
    model.dispose();
  });

  it('does not use the mask of an encoder, even where its size fits', async () => {
    const ids = tf.input({ shape: [4], dtype: 'int32' });
    const embed = tf.layers.embedding({ inputDim: 6, outputDim: 2, maskZero: true });
    const [encoder, decoder] = [make(), make({ bidirectional: true, returnSequences: true })];
    const summary = encoder.apply(embed.apply(ids) as tf.SymbolicTensor) as tf.SymbolicTensor;
    const repeated = tf.layers.repeatVector({ n: 4 }).apply(summary) as tf.SymbolicTensor;
    const model = tf.model({ inputs: ids, outputs: decoder.apply(repeated) as tf.SymbolicTensor });
    await tidied(async () => {
      const rows = tf.tensor2d([0, 3, 1, 2, 4, 0, 0, 5], [2, 4], 'int32');
      const x = tf.gather(embed.getWeights()[0], rows);
      const h = encoder.apply(x, { mask: tf.notEqual(rows, 0) }) as tf.Tensor;
      const expected = decoder.apply(tf.tile(tf.expandDims(h, 1), [1, 4, 1])) as tf.Tensor;
      await expectClose(model.predict(rows) as tf.Tensor, expected);
    });
    model.dispose();
  });

  it('takes an empty batch', () => {
    const layer = make({ bidirectional: true, returnSequences: true, mergeMode: 'sum' });
    tf.tidy(() => {
      const output = layer.apply(tf.zeros([0, 4, 2]), { mask: tf.zeros([0, 4], 'bool') }) as tf.Tensor;
      expect(output.shape).to.deep.equal([0, 4, 3]);
    });
    layer.dispose();
  });

  if (backend === 'tensorflow') {
    it('reads nothing back on a GPU build, masked and differentiated', async () => {
      const layer = make({ returnSequences: true });
      await tidied(async () => {
        const [x, m] = [sequence(), mask()];
        const run = () => [
          layer.apply(x, { mask: m }) as tf.Tensor,
          tf.grad((y) => tf.sum(layer.apply(y, { mask: m }) as tf.Tensor))(x),
        ];
        const expected = run();
        let actual: tf.Tensor[] = [];
        expect(readsOnFakeGpu(() => (actual = run()))).to.equal(0);
        for (const [i, tensor] of actual.entries()) await expectClose(tensor, expected[i]);
      });
      layer.dispose();
    });
  }
});

describe('KerasGRU.apply', () => {
  it('refuses inputs by name, and stays unbuilt', () => {
    const layer = make({ bidirectional: true });
    tf.tidy(() => {
      const x = sequence();
      expect(() => layer.apply(tf.zeros([4, 2]))).to.throw(
        RangeError,
        'KerasGRU.apply: x: expected [B, T, I], got [4, 2]',
      );
      expect(() => layer.apply([x, tf.zeros([4, 3])])).to.throw(
        RangeError,
        'KerasGRU.apply: inputs: expected [x, h, hReverse], got 2 tensors',
      );
      expect(() => layer.apply([x, tf.zeros([4, 3]), tf.zeros([4, 2])])).to.throw(
        RangeError,
        'KerasGRU.apply: hReverse: expected shape [4, 3], got [4, 2]',
      );
      expect(() => layer.apply(tf.zeros([4, 4, 2], 'int32'))).to.throw(
        TypeError,
        'KerasGRU.apply: x: expected dtype float32, got int32',
      );
      expect(() => layer.apply(x, { initialState: [] } as never)).to.throw(
        TypeError,
        'KerasGRU.apply: initialState: expected one of training, mask, got unknown option "initialState". ' +
          'Call apply([x, h, hReverse])',
      );
      expect(() => layer.apply(x, { mask: 'x' as never })).to.throw(
        TypeError,
        'KerasGRU.apply: mask: expected a tensor [B, T], got "x"',
      );
      expect(() => layer.resetStates()).to.throw(
        RangeError,
        'KerasGRU.resetStates: stateful: expected true, got false',
      );
    });
    expect(layer.built).to.equal(false);
  });
});

describe('KerasGRU arguments', () => {
  it('come back from getConfig, except implementation', () => {
    const args = {
      name: 'gru',
      trainable: false,
      hiddenSize: 3,
      inputSize: 2,
      bias: false,
      bidirectional: true,
      mergeMode: 'ave',
      goBackwards: true,
      returnSequences: true,
      returnState: true,
      stateful: true,
      maskRule: 'zero',
      dropout: 0.25,
      kernelRegularizer: { l1: 0, l2: 0.5 },
      seed: 4,
    } as const;
    const config = new KerasGRU({ ...args, implementation: 'reference' }).getConfig();
    expect(config).to.deep.equal(args);
    expect(KerasGRU.fromConfig(KerasGRU, { ...config, customObjects: {} }).getConfig()).to.deep.equal(args);
  });

  it('have the defaults of Keras', () => {
    const { name: _, ...config } = make({ seed: undefined }).getConfig();
    expect(config).to.deep.equal({
      trainable: true,
      hiddenSize: 3,
      bias: true,
      bidirectional: false,
      mergeMode: 'concat',
      goBackwards: false,
      returnSequences: false,
      returnState: false,
      stateful: false,
      maskRule: 'hold',
      dropout: 0,
    });
    expect(make({ bidirectional: true, returnSequences: true }).getConfig().maskRule).to.equal('zero');
  });

  it('throw when they are unknown, of a wrong type or out of range', () => {
    const attempts: [Record<string, unknown>, typeof TypeError | typeof RangeError, string][] = [
      [
        { units: 3 },
        TypeError,
        'KerasGRU: units: expected a known argument, got unknown argument "units". Use hiddenSize',
      ],
      [{ hiddenSize: 0 }, RangeError, 'KerasGRU: hiddenSize: expected an integer >= 1, got 0'],
      [
        { mergeMode: 'max' },
        RangeError,
        'KerasGRU: mergeMode: expected one of concat, sum, mul, ave, none, got "max"',
      ],
      [{ stateful: 1 }, TypeError, 'KerasGRU: stateful: expected a boolean, got 1'],
      [{ dropout: 1 }, RangeError, 'KerasGRU: dropout: expected a number in range [0, 1)'],
      [
        { biasRegularizer: { l1: 1 } },
        TypeError,
        'KerasGRU: biasRegularizer.l2: expected a number, got undefined',
      ],
      [
        { bidirectional: true, maskRule: 'zero' },
        RangeError,
        "KerasGRU: maskRule: expected 'hold' or 'ignore' for two directions, got \"zero\". " +
          "Keras's Bidirectional has 'hold' with returnSequences: false",
      ],
    ];
    for (const [args, error, text] of attempts) expect(() => make(args as never)).to.throw(error, text);
  });
});
