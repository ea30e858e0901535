import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectClose, expectSame } from '../../support/expect-same.js';
import { describeEachLayer, EVERY_LAYER, finalStates, forward, initialStates } from '../../support/family.js';
import { expectForward, layerOf, maxDifference, toTensor } from '../../support/parity.js';
import { SUM_OF_NOTHING, skipOnFault } from '../../support/tfjs-faults.js';
import { tidied } from '../../support/tidied.js';

describeEachLayer('forward', EVERY_LAYER, (variant) => {
  const { make, module, stateNames, stateSizes } = variant;
  const fixture = variant.fixture();
  const [B, T] = fixture.x.shape as [number, number];
  const lengths = [...(fixture.lengths as number[])];

  it('gives output and final states that outlive it, and nothing else', () => {
    const layer = layerOf(fixture);
    const x = toTensor(fixture.x);
    for (let i = 0; i < 2; i++) {
      const before = tf.memory().numTensors;
      const { output, states } = forward(layer, x, { lengths });
      expect(tf.memory().numTensors).to.equal(before + 1 + stateNames.length);
      expect([output, ...states].map(({ shape }) => shape)).to.deep.equal(
        [fixture.output, ...finalStates(fixture)].map(({ shape }) => shape),
      );
      tf.dispose([output, ...states]);
    }
    x.dispose();
    layer.dispose();
  });

  it('computes what PyTorch does from initial states and lengths', async () => {
    const layer = layerOf(fixture);
    await tidied(async () => {
      const [initial, finals] = [initialStates(fixture), finalStates(fixture)];
      const { output, states } = forward(layer, toTensor(fixture.x), { states: initial, lengths });
      await expectForward(output, fixture.output, 'output');
      for (const [i, state] of states.entries()) await expectForward(state, finals[i]!, `final state ${i}`);
    });
    layer.dispose();
  });

  it('builds an unbuilt layer and takes null for states of zeros', async () => {
    const layer = make({ hiddenSize: 4, seed: 9 });
    const sizes = stateSizes(4);
    await tidied(async () => {
      const x = tf.randomNormal([3, 2]);
      const { output, ...finals } = layer.forward(
        x,
        Object.fromEntries(stateNames.map((name) => [name, null])),
      );
      expect([output, ...Object.values(finals)].map(({ shape }) => shape)).to.deep.equal([
        [3, sizes[0]],
        ...sizes.map((columns) => [1, columns]),
      ]);
      const states = sizes.map((columns) => tf.zeros([1, columns]));
      await expectSame(forward(layer, x, { states }).output, output);
    });
    expect(layer.weights.map((weight) => weight.originalName)).to.deep.equal(
      [...layer.torchShapes(2).keys()].map((name) => `${layer.name}/${name}`),
    );
    layer.dispose();
  });

  it('takes unbatched x and states, as a batch of one', async () => {
    const layer = make({ hiddenSize: 4, numLayers: 2, bidirectional: true, seed: 9 });
    await tidied(async () => {
      const x = tf.randomNormal([3, 2]);
      const states = stateSizes(4).map((columns) => tf.randomNormal([4, columns]));
      const alone = forward(layer, x, { states });
      const batch = forward(layer, tf.expandDims(x), {
        states: states.map((state) => tf.expandDims(state, 1)),
      });
      await expectClose(alone.output, tf.squeeze(batch.output, [0]));
      for (const [i, state] of alone.states.entries())
        await expectClose(state, tf.squeeze(batch.states[i]!, [1]));
    });
    layer.dispose();
  });

  it('takes lengths as numbers, Int32Array and tensors alike', async () => {
    const layer = layerOf(fixture);
    await tidied(async () => {
      const x = toTensor(fixture.x);
      const expected = layer.forward(x, { lengths }).output;
      for (const same of [Int32Array.from(lengths), tf.tensor1d(lengths, 'int32'), tf.tensor1d(lengths)])
        await expectSame(layer.forward(x, { lengths: same }).output, expected);
    });
    layer.dispose();
  });

  it('never reads padded steps: NaN there changes no output, state or gradient', async () => {
    const layer = layerOf(fixture);
    await tidied(async () => {
      const clean = toTensor(fixture.x);
      const padding = tf.tidy(() =>
        tf.greaterEqual(tf.range(0, T).reshape([1, T, 1]), tf.tensor(lengths, [B, 1, 1])),
      );
      const poisoned = tf.where(
        tf.broadcastTo(padding, clean.shape),
        tf.fill(clean.shape, Number.NaN),
        clean,
      );
      // The logarithm of a padded zero is -Infinity, and its derivative Infinity: torch never reads those either. The
      // real steps are moved away from 0, which is what relu often gives.
      const isReal = tf.cast(tf.logicalNot(padding), 'float32');
      const loss = (x: tf.Tensor) => {
        const { output, states } = forward(layer, x, { lengths });
        const real = tf.where(
          tf.broadcastTo(padding, output.shape),
          tf.zerosLike(output),
          tf.log(tf.square(tf.add(output, tf.mul(isReal, 1.5)))),
        );
        return tf.addN([tf.sum(real), ...states.map((state) => tf.sum(state))]) as tf.Scalar;
      };
      const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
      const x = tf.variable(clean);
      const run = (values: tf.Tensor) => {
        x.assign(values);
        const { grads } = tf.variableGrads(() => loss(x), [x, ...weights]);
        const gradients = [x, ...weights].map(({ name }) => grads[name] as tf.Tensor);
        return { ...forward(layer, x, { lengths }), gradients };
      };
      const [a, b] = [run(clean), run(poisoned)];
      x.dispose();
      await expectSame(b.output, a.output);
      for (const [i, state] of b.states.entries()) await expectSame(state, a.states[i]!);
      expect(a.gradients).to.have.length(1 + layer.weights.length);
      for (const [i, gradient] of a.gradients.entries()) {
        await expectSame(b.gradients[i]!, gradient);
        expect(maxDifference(await gradient.data(), new Float32Array(gradient.size))).to.be.finite;
      }
    });
    layer.dispose();
  });

  it('gives empty results for an empty batch, which predict refuses', () => {
    const layer = make({ hiddenSize: 3, numLayers: 2, bidirectional: true });
    const sizes = stateSizes(3);
    tf.tidy(() => {
      const { output, states } = forward(layer, tf.zeros([0, 4, 2]));
      expect([output, ...states].map(({ shape }) => shape)).to.deep.equal([
        [0, 4, 2 * sizes[0]!],
        ...sizes.map((columns) => [4, 0, columns]),
      ]);
      expect(layer.forward(tf.zeros([0, 4, 2]), { lengths: [] }).output.shape).to.deep.equal(output.shape);
    });
    layer.dispose();
  });

  it('takes an empty batch in every form of call, with gradients', async function () {
    skipOnFault(this, SUM_OF_NOTHING);
    const sizes = stateSizes(3);
    await tidied(async () => {
      const layer = make({
        hiddenSize: 3,
        numLayers: 2,
        bidirectional: true,
        dropout: 0.5,
        returnSequences: false,
      });
      const x = tf.zeros([0, 4, 2]);
      expect((layer.apply(x) as tf.Tensor).shape).to.deep.equal([0, 2 * sizes[0]!]);
      const { states } = forward(layer, x);
      const shapes = forward(layer, x, { states, training: true }).states.map(({ shape }) => shape);
      expect(shapes).to.deep.equal(sizes.map((columns) => [4, 0, columns]));
      const empty = sizes.map((columns) => tf.zeros([0, 4, columns]));
      const last = layer.apply([x, ...empty], { lengths: [] }) as tf.Tensor;
      expect(last.shape).to.deep.equal([0, 2 * sizes[0]!]);
      const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
      const { grads } = tf.variableGrads(() => tf.sum(layer.apply(x) as tf.Tensor), weights);
      for (const gradient of Object.values(grads))
        expect(Array.from(await gradient.data()).every((value) => value === 0)).to.equal(true);
      layer.dispose();
    });
  });

  it('refuses lengths with unbatched input', () => {
    const layer = make({ hiddenSize: 3 });
    tf.tidy(() => {
      expect(() => layer.forward(tf.zeros([4, 2]), { lengths: [4] })).to.throw(
        RangeError,
        `${module}.forward: lengths: expected a batched 3-D x, got x [4, 2]. Slice x instead`,
      );
    });
  });
});
