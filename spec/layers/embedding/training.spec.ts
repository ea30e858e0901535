import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { embedding, gru, loadStateDict, type StateDict, toStateDict } from '../../../src/index.js';
import { embedding as lookUp } from '../../../src/nn/embedding.js';
import { describeEachBackend } from '../../support/backends.js';
import type { FloatTensor } from '../../support/fixtures.js';
import { expectGradient } from '../../support/gradients.js';
import { expectForward, maxDifference } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE } from '../../support/tolerance.js';
import { type EmbeddingFixture, FIRST_ROW, LAST_ROW, model, modelWith } from './fixture.js';

const STEPS = 10;

const OPTIMIZERS = {
  sgd: () => tf.train.sgd(0.5),
  adam: () => tf.train.adam(0.05, 0.9, 0.999, 1e-8),
};

type OptimizerName = keyof typeof OPTIMIZERS;

/** What training gave: the losses before each step, and the weights after the last. */
interface Trained {
  readonly losses: readonly number[];
  readonly after: StateDict;
}

function loaded(fixture: EmbeddingFixture, own = model(fixture)): tf.Sequential {
  loadStateDict(own, fixture.below('before'));
  return own;
}

async function fitted(fixture: EmbeddingFixture, name: OptimizerName, own?: tf.Sequential): Promise<Trained> {
  const trained = loaded(fixture, own);
  const [ids, y] = [fixture.tensor('ids'), fixture.tensor('y')];
  trained.compile({ optimizer: OPTIMIZERS[name](), loss: tf.losses.meanSquaredError });
  const options = { epochs: STEPS, batchSize: ids.shape[0] as number, shuffle: false, verbose: 0 as const };
  const { history } = await trained.fit(ids, y, options);
  const after = await toStateDict(trained);
  trained.optimizer.dispose();
  tf.dispose([ids, y]);
  trained.dispose();
  return { losses: history.loss as number[], after };
}

/** A forward and a loop written by hand, on layers that are called on tensors. */
async function looped(fixture: EmbeddingFixture, name: OptimizerName): Promise<Trained> {
  const layers = {
    embedding: embedding(fixture.args()),
    gru: gru({ hiddenSize: 4 }),
    head: tf.layers.dense({ units: 2 }),
  };
  loadStateDict(layers, fixture.below('before'));
  const ids = tf.tidy(() => tf.cast(fixture.tensor('ids'), 'int32'));
  const y = fixture.tensor('y');
  const optimizer: tf.Optimizer = OPTIMIZERS[name]();
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++)
    await tidied(async () => {
      const { value, grads } = tf.variableGrads(() => {
        const { hn } = layers.gru.forward(layers.embedding.apply(ids) as tf.Tensor3D);
        const output = layers.head.apply(tf.squeeze(hn, [0])) as tf.Tensor;
        return tf.losses.meanSquaredError(y, output).asScalar();
      });
      optimizer.applyGradients(grads);
      losses.push(await value.array());
    });
  const after = await toStateDict(layers);
  for (const layer of Object.values(layers)) layer.dispose();
  optimizer.dispose();
  tf.dispose([ids, y]);
  return { losses, after };
}

/** The largest distance of the losses from PyTorch's. */
function lossError({ losses }: Trained, fixture: EmbeddingFixture, name: OptimizerName): number {
  return maxDifference(Float32Array.from(losses), fixture.get(`${name}.losses`).data);
}

function expectAsTorch(trained: Trained, fixture: EmbeddingFixture, name: OptimizerName): void {
  expect(lossError(trained, fixture, name), 'losses').to.be.at.most(FORWARD_TOLERANCE);
  const expected = fixture.below(`${name}.after`);
  expect([...trained.after.keys()]).to.have.members([...expected.keys()]);
  for (const [key, { data }] of expected) {
    const found = trained.after.get(key) as FloatTensor;
    expect(maxDifference(found.data, data as Float32Array), key).to.be.at.most(FORWARD_TOLERANCE);
  }
}

/** The row of the padding, bit for bit. */
function paddingRow(stateDict: StateDict, { paddingIdx }: EmbeddingFixture): number[] {
  const { data } = stateDict.get('embedding.weight') as FloatTensor;
  const start = (paddingIdx < 0 ? paddingIdx + 7 : paddingIdx) * 3;
  return [...data.subarray(start, start + 3)];
}

describeEachBackend('an embedding with paddingIdx, against PyTorch', () => {
  for (const [title, fixture] of [
    ['the first row', FIRST_ROW],
    ['a last row that is not zeros', LAST_ROW],
  ] as const) {
    for (const name of ['sgd', 'adam'] as const) {
      it(`trains in fit as torch, ${name}, ${title}`, async () => {
        const trained = await fitted(fixture, name);
        expectAsTorch(trained, fixture, name);
        expect(paddingRow(trained.after, fixture)).to.deep.equal(
          paddingRow(fixture.below('before'), fixture),
        );
      });

      it(`trains in a loop with variableGrads as torch, ${name}, ${title}`, async () => {
        expectAsTorch(await looped(fixture, name), fixture, name);
      });
    }

    it(`has torch's outputs and gradients, ${title}`, async () => {
      const own = loaded(fixture);
      await tidied(async () => {
        const [ids, y] = [fixture.tensor('ids'), fixture.tensor('y')];
        await expectForward(own.predict(ids) as tf.Tensor, fixture.get('unpacked'), 'unpacked');
        const weights = own.layers[0]!.weights.map((weight) => weight.read() as tf.Variable);
        const { grads } = tf.variableGrads(
          () => tf.losses.meanSquaredError(y, own.apply(ids) as tf.Tensor).asScalar(),
          weights,
        );
        const gradient = grads[weights[0]!.name] as tf.Tensor;
        await expectGradient(gradient, fixture.get('gradients.embedding.weight'), 'weight');
        const row = fixture.paddingIdx === 0 ? 0 : 6;
        expect([...(await gradient.slice(row, 1).data())]).to.deep.equal([0, 0, 0]);
      });
      own.dispose();
    });

    it(`has torch's gradients of first and second order, ${title}`, async () => {
      await tidied(async () => {
        const [ids, factor] = [tf.cast(fixture.tensor('ids'), 'int32'), fixture.tensor('factor')];
        const weight = fixture.tensor('before.embedding.weight') as tf.Tensor2D;
        const paddingIdx = fixture.paddingIdx === 0 ? 0 : 6;
        const first = tf.grad((w) =>
          lookUp(ids, w as tf.Tensor2D, paddingIdx)
            .pow(tf.scalar(3, 'int32'))
            .mul(factor)
            .sum(),
        );
        await expectGradient(first(weight), fixture.get('first'), 'first');
        const second = tf.grad((w) => first(w).square().sum());
        await expectGradient(second(weight), fixture.get('second'), 'second');
      });
    });

    it(`makes the mask of the padding, which does what packing does, ${title}`, async () => {
      const own = loaded(fixture, model(fixture, { maskPadding: true }));
      await tidied(async () => {
        const ids = fixture.tensor('ids');
        await expectForward(own.predict(ids) as tf.Tensor, fixture.get('packed'), 'packed');
        const [first] = own.layers as [tf.layers.Layer];
        await expectForward(first.apply(ids) as tf.Tensor, fixture.get('embedded'), 'embedded');
      });
      own.dispose();
    });
  }

  it('is not what tf.layers.embedding does, which trains the row', async () => {
    const args = { name: 'embedding', inputDim: 7, outputDim: 3, maskZero: false, inputShape: [null] };
    const own = modelWith(tf.layers.embedding(args as never));
    const trained = await fitted(FIRST_ROW, 'sgd', own);
    expect(lossError(trained, FIRST_ROW, 'sgd')).to.be.above(100 * FORWARD_TOLERANCE);
    expect(paddingRow(trained.after, FIRST_ROW)).to.not.deep.equal([0, 0, 0]);
  });
});
