import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';

/** Sequences labelled by the sign of their first element: only a state carried over all steps can tell. */
function task(count: number): { x: tf.Tensor3D; y: tf.Tensor2D } {
  return tf.tidy(() => {
    const x = tf.randomNormal([count, 6, 2], 0, 1, 'float32', 11) as tf.Tensor3D;
    const first = tf.slice(x, [0, 0, 0], [count, 1, 1]).reshape([count, 1]);
    return { x, y: tf.cast(tf.greater(first, 0), 'float32') as tf.Tensor2D };
  });
}

describeEachBackend('training', () => {
  it('learns with model.fit through stacked, bidirectional layers with dropout', async () => {
    const model = tf.sequential({
      layers: [
        gru({
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

  it('leaves a frozen layer as it is and trains the rest', async () => {
    const frozen = gru({ hiddenSize: 3, inputShape: [6, 2], trainable: false });
    const free = gru({ hiddenSize: 3, returnSequences: false });
    const model = tf.sequential({ layers: [frozen, free, tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const values = () =>
      [frozen, free].map((layer) => layer.getWeights().map((weight) => Array.from(weight.dataSync())));
    const [frozenBefore, freeBefore] = values();
    const { x, y } = task(8);
    await model.fit(x, y, { epochs: 1, verbose: 0 });
    const [frozenAfter, freeAfter] = values();
    expect(frozenAfter).to.deep.equal(frozenBefore);
    for (const [i, weight] of freeAfter.entries()) expect(weight).not.to.deep.equal(freeBefore[i]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('sums the gradients of a layer that a model uses twice', () => {
    const layer = gru({ hiddenSize: 3, returnSequences: false, seed: 2 });
    tf.tidy(() => {
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
        expect(tf.max(tf.abs(difference)).arraySync()).to.be.below(1e-5);
      }
    });
    layer.dispose();
  });
});
