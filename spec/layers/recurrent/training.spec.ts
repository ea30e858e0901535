import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectSame } from '../../support/expect-same.js';
import { describeEachLayer, EACH_CLASS, EVERY_LAYER, forward } from '../../support/family.js';
import { tidied } from '../../support/tidied.js';
import { SMALLEST_GRADIENT } from '../../support/tolerance.js';

/** Sequences labelled by the sign of their first element, which only a state carried over all steps can know. */
function task(count: number): { x: tf.Tensor3D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const x = tf.randomNormal([count, 6, 2], 0, 1, 'float32', 11) as tf.Tensor3D;
    const first = tf.slice(x, [0, 0, 0], [count, 1, 1]).reshape([count, 1]);
    return { x, y: tf.cast(tf.greater(first, 0), 'float32') as tf.Tensor2D };
  });
}

describeEachLayer('training', EACH_CLASS, ({ make }) => {
  it('learns with model.fit through stacked, bidirectional layers with dropout', async () => {
    const model = tf.sequential({
      layers: [
        make({
          hiddenSize: 8,
          numLayers: 2,
          bidirectional: true,
          dropout: 0.1,
          returnSequences: false,
          inputShape: [6, 2],
          seed: 1,
        }),
        tf.layers.dense({
          units: 1,
          activation: 'sigmoid',
          kernelInitializer: tf.initializers.glorotNormal({ seed: 2 }),
        }),
      ],
    });
    model.compile({ optimizer: tf.train.adam(0.03), loss: 'binaryCrossentropy' });
    const { x, y } = task(48);
    const { history } = await model.fit(x, y, { epochs: 8, batchSize: 24, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below((losses[0] as number) * 0.8);
    tf.dispose([x, y]);
    model.optimizer.dispose();
    model.dispose();
  });
});

describeEachLayer('gradients', EVERY_LAYER, ({ make, stateSizes }) => {
  it('does not change a frozen layer and trains the rest', async () => {
    const frozen = make({ hiddenSize: 3, inputShape: [6, 2], trainable: false, seed: 1 });
    const free = make({ hiddenSize: 3, returnSequences: false, seed: 2 });
    const model = tf.sequential({ layers: [frozen, free, tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const values = () =>
      Promise.all(
        [frozen, free].map((layer) =>
          Promise.all(layer.getWeights().map(async (weight) => Array.from(await weight.data()))),
        ),
      );
    const [frozenBefore, freeBefore] = await values();
    const { x, y } = task(8);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const [frozenAfter, freeAfter] = await values();
    expect(frozenAfter).to.deep.equal(frozenBefore);
    for (const [i, weight] of freeAfter.entries()) expect(weight).not.to.deep.equal(freeBefore[i]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('sums the gradients of a layer that a model uses twice', async () => {
    const layer = make({ hiddenSize: 3, returnSequences: false, seed: 2 });
    await tidied(async () => {
      const [a, b] = [tf.randomNormal([2, 4, 2]), tf.randomNormal([2, 5, 2])];
      const run = (x: tf.Tensor) => tf.sum(layer.apply(x) as tf.Tensor) as tf.Scalar;
      layer.ensureBuilt(2);
      const grads = (f: () => tf.Scalar) => Object.values(tf.variableGrads(f).grads);
      const [both, first, second] = [
        () => tf.add(run(a), run(b)) as tf.Scalar,
        () => run(a),
        () => run(b),
      ].map(grads);
      for (const [i, gradient] of both.entries()) {
        const difference = tf.sub(gradient, tf.add(first[i], second[i]));
        expect(await tf.max(tf.abs(difference)).array()).to.be.below(1e-5);
      }
    });
    layer.dispose();
  });

  it('flow from call to call through every carried state', async () => {
    const layer = make({ hiddenSize: 3, numLayers: 2, seed: 2 });
    layer.ensureBuilt(2);
    await tidied(async () => {
      const x = tf.randomNormal([2, 7, 2], 0, 1, 'float32', 3);
      const start = stateSizes(3).map((columns, i) => tf.randomNormal([2, 2, columns], 0, 1, 'float32', i));
      const lossOf = (outputs: tf.Tensor[], states: tf.Tensor[]) =>
        tf.addN([...outputs, ...states].map((tensor) => tf.sum(tf.square(tensor)))) as tf.Scalar;
      const whole = () => {
        const { output, states } = forward(layer, x, { states: start });
        return lossOf([output], states);
      };
      const inChunks = () => {
        let states: readonly tf.Tensor[] = start;
        const outputs = tf.split(x, [3, 1, 3], 1).map((chunk) => {
          const result = forward(layer, chunk, { states });
          states = result.states;
          return result.output;
        });
        return lossOf(outputs, [...states]);
      };
      const [expected, actual] = [whole, inChunks].map((f) => Object.values(tf.variableGrads(f).grads));
      expect(actual).to.have.length(layer.weights.length);
      for (const [i, gradient] of expected!.entries()) {
        const scale = (await tf.max(tf.abs(gradient)).array()) as number;
        expect(scale).to.be.above(SMALLEST_GRADIENT);
        await expectSame(actual![i]!, gradient, 1e-5 * scale);
      }
    });
    layer.dispose();
  });
});
