import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LSTMCell, type RNNCell, rnnCell, UnsupportedError } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { CELL_CLASSES, describeEachCell, EVERY_CELL, LSTM_CELL, step, unroll } from '../../support/cells.js';
import { whileDeclining } from '../../support/declining.js';
import { expectClose, expectSame } from '../../support/expect-same.js';
import { forward } from '../../support/family.js';
import { maxDifference } from '../../support/parity.js';
import { SUM_OF_NOTHING, skipOnFault } from '../../support/tfjs-faults.js';
import { tidied } from '../../support/tidied.js';
import { SMALLEST_GRADIENT } from '../../support/tolerance.js';

const [B, T, I, H] = [4, 5, 2, 3];

/** Random, but the same in every run. */
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

describeEachCell('forward', ({ make, layer: { make: makeLayer }, module, stateNames }) => {
  const randomStates = (...shape: number[]) => stateNames.map((_, i) => random(shape, 10 + i));
  const zeros = (...shape: number[]) => stateNames.map(() => tf.zeros(shape));

  /** The layer that repeats the step of a built cell. */
  function layerOf(cell: ReturnType<typeof make>, args: object = {}) {
    const layer = makeLayer({ hiddenSize: H, ...args });
    layer.ensureBuilt(I);
    tf.tidy(() => layer.setWeights(cell.getWeights()));
    return layer;
  }

  it('computes one step of the layer, batched and unbatched', async () => {
    const cell = make({ hiddenSize: H, seed: 1 });
    cell.ensureBuilt(I);
    const layer = layerOf(cell);
    await tidied(async () => {
      const [x, states] = [random([B, I], 1), randomStates(B, H)];
      const expected = forward(layer, tf.expandDims(x, 1), {
        states: states.map((state) => tf.expandDims(state, 0)),
      }).states;
      for (const [i, next] of step(cell, x, states).entries())
        await expectClose(next, tf.squeeze(expected[i]!, [0]));
      const alone = step(
        cell,
        tf.unstack(x)[1]!,
        states.map((state) => tf.unstack(state)[1]!),
      );
      for (const [i, next] of alone.entries()) {
        expect(next.shape).to.deep.equal([H]);
        await expectClose(next, tf.unstack(tf.squeeze(expected[i]!, [0]))[1]!);
      }
    });
    cell.dispose();
    layer.dispose();
  });

  it('starts from zeros without states', async () => {
    const cell = make({ hiddenSize: H, seed: 1 });
    await tidied(async () => {
      for (const shape of [[B], []]) {
        const x = random([...shape, I], 1);
        const expected = step(cell, x, zeros(...shape, H));
        const results = [
          step(cell, x),
          step(
            cell,
            x,
            stateNames.map(() => null as never),
          ),
        ];
        for (const result of results)
          for (const [i, next] of result.entries()) await expectSame(next, expected[i]!);
      }
    });
    cell.dispose();
  });

  it('gives new tensors that outlive it, and nothing else', () => {
    const cell = make({ hiddenSize: H });
    const [x, states] = [tf.zeros([B, I]), zeros(B, H)];
    cell.ensureBuilt(I);
    for (let i = 0; i < 2; i++) {
      const before = tf.memory().numTensors;
      const next = step(cell, x, states);
      expect(tf.memory().numTensors).to.equal(before + stateNames.length);
      tf.dispose(next);
    }
    expect([x, ...states].some((tensor) => tensor.isDisposed)).to.equal(false);
    tf.dispose([x, ...states]);
    cell.dispose();
  });

  it('in a loop gives the output and the states of the layer, and its gradients', async () => {
    const cell = make({ hiddenSize: H, seed: 2 });
    cell.ensureBuilt(I);
    const layer = layerOf(cell);
    await tidied(async () => {
      const [x, initial] = [random([B, T, I], 3), randomStates(B, H)];
      const factors = [random([B, T, H], 4), ...stateNames.map((_, i) => random([B, H], 5 + i))];
      const loss = (results: tf.Tensor[]) =>
        tf.addN(results.map((result, i) => tf.sum(tf.mul(result, factors[i]!)))) as tf.Scalar;
      const inLoop = () => {
        const { outputs, states } = unroll(cell, tf.unstack(x, 1), initial);
        return [tf.stack(outputs, 1), ...states];
      };
      const inLayer = () => {
        const states = initial.map((state) => tf.expandDims(state, 0));
        const result = forward(layer, x, { states });
        return [result.output, ...result.states.map((state) => tf.squeeze(state, [0]))];
      };
      const expected = inLayer();
      for (const [i, result] of inLoop().entries()) await expectClose(result, expected[i]!);
      const gradients = (f: () => tf.Tensor[], { weights }: tf.layers.Layer) => {
        const variables = weights.map((weight) => weight.read() as tf.Variable);
        const { grads } = tf.variableGrads(() => loss(f()), variables);
        return variables.map(({ name }) => grads[name]!);
      };
      const ofLayer = gradients(inLayer, layer);
      for (const [i, gradient] of gradients(inLoop, cell).entries()) {
        const scale = (await tf.max(tf.abs(ofLayer[i]!)).array()) as number;
        expect(scale).to.be.above(SMALLEST_GRADIENT);
        await expectSame(gradient, ofLayer[i]!, 1e-5 * scale);
      }
    });
    cell.dispose();
    layer.dispose();
  });

  it('feeds a decoder that reads its own output, and trains it', async () => {
    const cell = make({ hiddenSize: H, seed: 5 });
    cell.ensureBuilt(H);
    const optimizer = tf.train.sgd(0.3);
    const target = tf.fill([B, H], 0.25);
    const loss = () =>
      tf.tidy(() => {
        let states = zeros(B, H);
        for (let t = 0; t < 3; t++) states = step(cell, states[0]!, states) as typeof states;
        return tf.losses.meanSquaredError(target, states[0]!) as tf.Scalar;
      });
    const losses: number[] = [];
    for (let i = 0; i < 12; i++)
      await tidied(async () => losses.push((await optimizer.minimize(loss, true)?.array()) as number));
    expect(losses.at(-1)).to.be.below(0.8 * losses[0]!);
    optimizer.dispose();
    target.dispose();
    cell.dispose();
  });

  it('has no units at hiddenSize: 0, as torch allows', () => {
    const cell = make({ hiddenSize: 0 });
    tf.tidy(() => {
      expect(step(cell, tf.ones([B, I])).map(({ shape }) => shape)).to.deep.equal(
        stateNames.map(() => [B, 0]),
      );
      expect(step(cell, tf.ones([I]), zeros(0)).map(({ shape }) => shape)).to.deep.equal(
        stateNames.map(() => [0]),
      );
    });
    expect(cell.countParams()).to.equal(0);
    cell.dispose();
  });

  it('takes an empty batch, with gradients', async function () {
    skipOnFault(this, SUM_OF_NOTHING);
    const cell = make({ hiddenSize: H });
    await tidied(async () => {
      const x = tf.zeros([0, I]);
      expect(step(cell, x, step(cell, x)).map(({ shape }) => shape)).to.deep.equal(
        stateNames.map(() => [0, H]),
      );
      const weights = cell.weights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(() => tf.sum(step(cell, x)[0]!), weights);
      for (const gradient of Object.values(grads))
        expect(Array.from(await gradient.data()).every((value) => value === 0)).to.equal(true);
    });
    cell.dispose();
  });

  it('leaves an unbuilt cell unbuilt, and no tensor, when its first call throws', () => {
    const cell = make({ hiddenSize: H });
    const [x, states, wrong, cube] = [
      tf.zeros([B, I]),
      zeros(B, H),
      tf.zeros([B, H + 1]),
      tf.zeros([B, T, I]),
    ];
    const before = tf.memory().numTensors;
    for (const [i, name] of stateNames.entries()) {
      const given = states.map((state, k) => (k === i ? wrong : state));
      const text = `${name}: expected shape [${B}, ${H}], got [${B}, ${H + 1}]`;
      expect(() => step(cell, x, given)).to.throw(RangeError, `${module}.forward: ${text}`);
      expect(() => cell.apply([x, ...given])).to.throw(RangeError, `${module}.apply: ${text}`);
    }
    expect(() => cell.apply(x)).to.throw(RangeError, `${module}.apply: inputs: expected [x, `);
    expect(() => step(cell, cube)).to.throw(RangeError, `${module}.forward: x`);
    expect(tf.memory().numTensors).to.equal(before);
    expect([cell.built, cell.weights.length, cell.inputSize]).to.deep.equal([false, 0, undefined]);
    tf.dispose([x, wrong, cube, ...states]);
  });

  it("throws with the remedy for implementation: 'fused', and stays unbuilt", () => {
    const cell = make({ hiddenSize: H, implementation: 'fused' });
    tf.tidy(() => {
      const x = tf.zeros([B, I]);
      whileDeclining('no room', () => {
        for (const call of [() => step(cell, x), () => cell.apply([x, ...zeros(B, H)])])
          expect(call).to.throw(UnsupportedError, new RegExp(`^${module}: implementation: .* got .*no room`));
      });
    });
    expect(cell.built).to.equal(false);
  });
});

for (const { title, module, make, layer, stateNames } of EVERY_CELL) {
  describe(title, () => {
    before(() => tf.setBackend('cpu'));

    const kinds = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];
    const rows = layer.gates * H;

    it('names, orders and counts its weights as state_dict() does', () => {
      const cell = make({ name: 'cell', hiddenSize: H });
      cell.ensureBuilt(I);
      expect(cell.weights.map(({ originalName }) => originalName)).to.deep.equal(
        kinds.map((kind) => `cell/${kind}`),
      );
      expect(cell.weights.map(({ shape }) => shape)).to.deep.equal([[rows, I], [rows, H], [rows], [rows]]);
      expect([...cell.torchShapes(I)]).to.deep.equal(kinds.map((kind, i) => [kind, cell.weights[i]!.shape]));
      expect(cell.countParams()).to.equal(rows * (I + H + 2));
      cell.dispose();
    });

    it('has no biases with bias: false', () => {
      const cell = make({ hiddenSize: H, bias: false });
      cell.ensureBuilt(I);
      expect(cell.weights.map(({ shape }) => shape)).to.deep.equal([
        [rows, I],
        [rows, H],
      ]);
      cell.dispose();
    });

    it('initialises its weights U(-1/sqrt(H), 1/sqrt(H)), repeatably with a seed, as the layer does not', async () => {
      const cells = [7, 7, 8].map((seed) => make({ hiddenSize: 16, seed }));
      for (const cell of cells) cell.ensureBuilt(50);
      const [a, b, c] = await Promise.all(
        cells.map((cell) => Promise.all(cell.getWeights().map((weight) => weight.data()))),
      );
      expect(b).to.deep.equal(a);
      expect(c).not.to.deep.equal(a);
      for (const weight of a!) expect(Math.max(...weight.map(Math.abs))).to.be.within(0.5 / 4, 1 / 4);
      const starts = [...a!, ...c!].map(([first]) => first);
      expect(new Set(starts).size).to.equal(8);
      for (const cell of cells) cell.dispose();
    });

    it('freezes with trainable: false', () => {
      const cell = make({ hiddenSize: 2, trainable: false });
      cell.ensureBuilt(I);
      expect([cell.trainableWeights.length, cell.nonTrainableWeights.length]).to.deep.equal([0, 4]);
      cell.trainable = true;
      expect(cell.trainableWeights).to.have.length(4);
      cell.dispose();
    });

    it('takes initial weights as tf.layers does, alone and in tf.layers.rnn, and refuses other shapes', async () => {
      await tidied(async () => {
        const weights = [...make({ hiddenSize: H }).torchShapes(I).values()].map((shape, i) =>
          tf.fill(shape, i + 1),
        );
        const values = await Promise.all(weights.map((weight) => weight.data()));
        const alone = make({ hiddenSize: H, weights });
        step(alone, tf.zeros([B, I]));
        const inner = make({ hiddenSize: H, weights });
        const outer = tf.layers.rnn({ cell: inner });
        outer.apply(tf.zeros([B, T, I]));
        for (const cell of [alone, inner])
          expect(await Promise.all(cell.getWeights().map((weight) => weight.data()))).to.deep.equal(values);
        alone.dispose();
        outer.dispose();
        const wrong = make({ hiddenSize: H, weights: [tf.ones([6, 7])] });
        for (const call of [
          () => step(wrong, tf.zeros([B, I])),
          () => wrong.apply([tf.zeros([B, I]), ...stateNames.map(() => tf.zeros([B, H]))]),
        ])
          expect(call).to.throw(
            RangeError,
            `${module}: weights: expected [${rows}, ${I}], [${rows}, ${H}], [${rows}], [${rows}], got [6, 7]`,
          );
        expect([wrong.built, wrong.weights.length]).to.deep.equal([false, 0]);
      });
    });

    it('writes every argument but implementation into its config, and comes back from it', () => {
      const args = { name: 'cell', trainable: false, hiddenSize: 3, inputSize: 2, bias: false, seed: 4 };
      const own = module === 'RNNCell' ? { nonlinearity: title.slice('RNNCell with '.length) } : {};
      const config = make({ ...args, implementation: 'reference' }).getConfig();
      expect(config).to.deep.equal({ ...args, ...own });
      const CellClass = CELL_CLASSES[module] as typeof RNNCell;
      const again = CellClass.fromConfig(CellClass, { ...config, customObjects: {} });
      expect(again).to.be.instanceOf(CellClass);
      expect(again.getConfig()).to.deep.equal(config);
      const bare = make({ hiddenSize: 3 });
      expect(bare.getConfig()).not.to.have.any.keys('seed', 'inputSize', 'implementation');
      bare.ensureBuilt(6);
      expect(bare.getConfig().inputSize).to.equal(6);
      bare.dispose();
    });

    it('is an instance of its class and of tf.RNNCell', () => {
      const cell = make({ hiddenSize: 3 });
      expect(cell).to.be.instanceOf(CELL_CLASSES[module]);
      expect(cell).to.be.instanceOf(tf.layers.RNNCell);
      expect(cell.getClassName()).to.equal(`Torch${module}`);
      expect([cell.hiddenSize, cell.inputSize]).to.deep.equal([3, undefined]);
      expect(cell.stateSize).to.deep.equal(stateNames.length === 1 ? 3 : [3, 3]);
      if (module === 'RNNCell')
        expect((cell as RNNCell).nonlinearity).to.equal(title.slice('RNNCell with '.length));
    });

    it('frees everything with dispose', () => {
      const before = tf.memory().numTensors;
      const cell = make({ hiddenSize: 3 });
      tf.tidy(() => void step(cell, tf.zeros([1, I])));
      expect(tf.memory().numTensors).to.equal(before + 4);
      cell.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });
  });
}

describe('RNNCell', () => {
  it('has the nonlinearity tanh by default', () => {
    expect(rnnCell({ hiddenSize: 2 }).nonlinearity).to.equal('tanh');
  });
});

describeEachBackend('LSTMCell.forward', () => {
  it('takes {}, null and undefined for zeros, and returns h and c by name', async () => {
    const cell = LSTM_CELL.make({ hiddenSize: H, seed: 1 }) as LSTMCell;
    await tidied(async () => {
      const x = random([B, I], 1);
      const [expected, ...others] = [cell.forward(x), cell.forward(x, {}), cell.forward(x, null)];
      expect(Object.keys(expected!)).to.deep.equal(['h', 'c']);
      for (const { h, c } of others) {
        await expectSame(h, expected!.h);
        await expectSame(c, expected!.c);
      }
      expect(maxDifference(await expected!.h.data(), await expected!.c.data())).to.be.above(1e-3);
    });
    cell.dispose();
  });
});
