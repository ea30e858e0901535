import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadStateDict, toStateDict } from '../../src/index.js';
import { describeEachBackend } from '../support/backends.js';
import { type ModuleFixture, moduleFixtures } from '../support/fixtures.js';
import { expectForward, toTensor } from '../support/parity.js';
import { reloaded } from '../support/save.js';
import { tidied } from '../support/tidied.js';
import { UNHEARD } from '../support/unheard.js';
import { below, expectSameBits, f32 } from './torch-modules.js';

const fixtureOf = (name: string) => moduleFixtures().get(name) as ModuleFixture;

const layerNorm = (args: object = {}) => tf.layers.layerNormalization({ epsilon: 1e-5, ...args } as object);

describeEachBackend('an unbuilt layerNormalization that is loaded', () => {
  it('normalizes the last axis of inputs of every rank, as torch.nn.LayerNorm does', async () => {
    const { stateDict, x, output } = fixtureOf('LayerNorm');
    const layer = layerNorm();
    loadStateDict(layer, stateDict);
    await tidied(async () => {
      const input = toTensor(x as typeof output);
      for (const shape of [
        [3, 5, 6],
        [15, 6],
        [3, 1, 5, 6],
        [15, 6],
      ]) {
        const result = layer.apply(tf.reshape(input, shape)) as tf.Tensor;
        expect(result.shape).to.deep.equal(shape);
        await expectForward(tf.reshape(result, [3, 5, 6]), output, `output of rank ${shape.length}`);
      }
    });
    layer.dispose();
  });

  it('takes several axes, counted from either end', async () => {
    const { stateDict, x, output } = fixtureOf('LayerNorm-axes');
    for (const axis of [
      [-2, -1],
      [1, 2],
    ]) {
      const layer = layerNorm({ axis: [...axis] });
      loadStateDict(layer, stateDict, UNHEARD);
      await tidied(async () => {
        const result = layer.apply(toTensor(x as typeof output)) as tf.Tensor;
        await expectForward(result, output, `output along ${axis}`);
      });
      layer.dispose();
    }
  });

  it('stands in a model afterwards, is saved with it, and goes back to torch', async () => {
    const { stateDict } = fixtureOf('LayerNorm');
    const layer = layerNorm({ name: 'norm' });
    loadStateDict(layer, stateDict);
    const input = tf.input({ shape: [5, 6] });
    const model = tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
    expectSameBits(await toStateDict(model), below('norm', stateDict));
    const loaded = await reloaded(model);
    const x = tf.randomNormal([2, 5, 6], 0, 1, 'float32', 3);
    await tidied(async () => {
      const [a, b] = await Promise.all([model, loaded].map((each) => (each.predict(x) as tf.Tensor).data()));
      expect(a).to.deep.equal(b);
    });
    tf.dispose([x, layer.weights.map((weight) => weight.read())]);
    loaded.dispose();
  });

  it('is unbuilt again where the load throws', () => {
    const layer = layerNorm({ name: 'norm' });
    const { call } = layer;
    const stateDict = new Map([
      ['weight', f32([3])],
      ['bias', { dtype: 'F8_E4M3', shape: [3], data: new Uint8Array(3) } as const],
    ]);
    expect(() => loadStateDict(layer, stateDict)).to.throw();
    expect([layer.built, layer.weights.length, layer.call]).to.deep.equal([false, 0, call]);
  });
});
