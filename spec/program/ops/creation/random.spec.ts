import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { findOp } from '../../../../src/program/ops/table.js';
import type { Call, Value } from '../../../../src/program/ops/types.js';
import type { TorchDtype } from '../../../../src/state-dict/tensors/tensor.js';
import { describeEachBackend } from '../../../support/backends.js';
import { Random } from '../../../support/random.js';
import { tidied } from '../../../support/tidied.js';

const COUNT = 20_000;

/** An op as the runner calls it. */
function run(target: string, args: readonly unknown[], call: Partial<Call> = {}): Value {
  const op = findOp(target)?.run as (...all: unknown[]) => Value;
  const { dtype = 'F32', isTraining = true } = call;
  const dtypes: TorchDtype[] = ['F32', 'BOOL'];
  return op(...args, { where: target, dtype, dtypes, argumentDtypes: [], isTraining, assign: () => {} });
}

const runTensor = (...args: Parameters<typeof run>) => run(...args) as tf.Tensor;

/** Mean, standard deviation, least and largest value. */
async function statistics(tensor: tf.Tensor) {
  const values = Array.from(await tensor.data());
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const [least, largest] = values.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );
  return { mean, deviation: Math.sqrt(variance), least, largest };
}

async function expectMoments(tensor: tf.Tensor, mean: number, deviation: number): Promise<void> {
  const found = await statistics(tensor);
  // Six standard errors of a mean, and more of a deviation: the draws are seeded, and these bounds would hold for any seed.
  expect(found.mean).to.be.closeTo(mean, (6 * deviation) / Math.sqrt(tensor.size));
  expect(found.deviation).to.be.closeTo(deviation, 0.06 * deviation);
}

describeEachBackend('random ops of programs', (backend) => {
  const { random } = Math;
  // tfjs seeds its generators with it.
  beforeEach(() => {
    const seeded = new Random(7);
    Math.random = () => seeded.next();
  });
  afterEach(() => {
    Math.random = random;
  });

  it('dropout drops at its rate and scales the rest, in the gradient alike', () =>
    tidied(async () => {
      const run = tf.valueAndGrad((x) => runTensor('aten.dropout.default', [x, 0.3, true]));
      const { value, grad } = run(tf.fill([COUNT], 2));
      const [values, gradients] = await Promise.all([value.data(), grad.data()]);
      const kept = values.filter((y) => y !== 0);
      expect(kept.length / COUNT).to.be.closeTo(0.7, 0.02);
      for (const y of kept) expect(y).to.be.closeTo(2 / 0.7, 1e-5);
      expect(Array.from(gradients, (dy) => dy * 2)).to.deep.equal(Array.from(values));
    }));

  it('dropout returns its input in prediction and where it was exported so, and zeros for a rate of 1', () =>
    tidied(async () => {
      const x = tf.ones([2, 3]);
      for (const name of ['dropout', 'feature_dropout', 'alpha_dropout', 'feature_alpha_dropout']) {
        expect(run(`aten.${name}.default`, [x, 0.5, true], { isTraining: false })).to.equal(x);
        expect(run(`aten.${name}.default`, [x, 0.5, false])).to.equal(x);
        expect(run(`aten.${name}.default`, [x, 0, true])).to.equal(x);
        const none = runTensor(`aten.${name}.default`, [x, 1, true]);
        expect(Array.from(await none.data()), name).to.deep.equal([0, 0, 0, 0, 0, 0]);
      }
    }));

  it('feature_dropout drops whole channels', () =>
    tidied(async () => {
      const y = runTensor('aten.feature_dropout.default', [tf.ones([50, 40, 3]), 0.25, true]);
      const rows = (await y.reshape([-1, 3]).array()) as number[][];
      for (const row of rows) expect(new Set(row).size).to.equal(1);
      const kept = rows.filter(([value]) => value !== 0);
      expect(kept.length / rows.length).to.be.closeTo(0.75, 0.06);
      for (const [value] of kept) expect(value).to.be.closeTo(4 / 3, 1e-5);
    }));

  it('alpha_dropout keeps mean and deviation, and has one value for all that it drops', () =>
    tidied(async () => {
      const y = runTensor('aten.alpha_dropout.default', [tf.randomNormal([COUNT]), 0.2, true]);
      await expectMoments(y, 0, 1);
      const counts = new Map<number, number>();
      for (const value of await y.data()) counts.set(value, (counts.get(value) ?? 0) + 1);
      expect(Math.max(...counts.values()) / COUNT).to.be.closeTo(0.2, 0.02);
    }));

  it('native_dropout returns what it kept', () =>
    tidied(async () => {
      const [y, mask] = run('aten.native_dropout.default', [
        tf.ones([COUNT]),
        0.5,
        true,
      ]) as unknown as tf.Tensor[];
      expect(mask?.dtype).to.equal('bool');
      const [values, kept] = [await y!.data(), await mask!.data()];
      expect(Array.from(values)).to.deep.equal(Array.from(kept, (value) => (value ? 2 : 0)));
      expect((await statistics(mask!)).mean).to.be.closeTo(0.5, 0.03);
      const [same] = run('aten.native_dropout.default', [y, 0.5, null], {
        isTraining: false,
      }) as unknown as tf.Tensor[];
      expect(same).to.equal(y);
    }));

  it('bernoulli draws ones with the probability of each element', () =>
    tidied(async () => {
      const x = tf.fill([COUNT], 0.3);
      const deviation = Math.sqrt(0.3 * 0.7);
      await expectMoments(runTensor('aten.bernoulli.default', [x, null]), 0.3, deviation);
      await expectMoments(runTensor('aten.bernoulli.p', [x, 0.3, null]), 0.3, deviation);
      await expectMoments(runTensor('aten.bernoulli.Tensor', [x, x, null]), 0.3, deviation);
      await expectMoments(runTensor('aten.bernoulli_.float', [x, 0.3, null]), 0.3, deviation);
    }));

  it('rand, uniform and exponential have their distributions', () =>
    tidied(async () => {
      const x = tf.zeros([COUNT]);
      for (const y of [runTensor('aten.rand.default', [[COUNT]]), runTensor('aten.rand_like.default', [x])]) {
        await expectMoments(y, 0.5, Math.sqrt(1 / 12));
        const { least, largest } = await statistics(y);
        expect(least).to.be.within(0, 0.01);
        expect(largest).to.be.within(0.99, 1 - 2 ** -24);
      }
      await expectMoments(runTensor('aten.uniform_.default', [x, -1, 3, null]), 1, 4 * Math.sqrt(1 / 12));
      const waits = runTensor('aten.exponential_.default', [x, 2, null]);
      await expectMoments(waits, 0.5, 0.5);
      expect((await statistics(waits)).least).to.be.at.least(0);
    }));

  it('randn and normal have theirs', () =>
    tidied(async () => {
      const x = tf.fill([COUNT], 2);
      const std = tf.fill([COUNT], 0.5);
      await expectMoments(runTensor('aten.randn.default', [[COUNT]]), 0, 1);
      await expectMoments(runTensor('aten.randn_like.default', [x]), 0, 1);
      await expectMoments(runTensor('aten.normal.Tensor_float', [x, 3, null]), 2, 3);
      await expectMoments(runTensor('aten.normal.float_Tensor', [1, std, null]), 1, 0.5);
      await expectMoments(runTensor('aten.normal.Tensor_Tensor', [x, std, null]), 2, 0.5);
      await expectMoments(runTensor('aten.normal.float_float', [-1, 2, [COUNT], null]), -1, 2);
      await expectMoments(runTensor('aten.normal_.default', [x, 1, 2, null]), 1, 2);
    }));

  it('randint has every integer of its range alike', () =>
    tidied(async () => {
      const call = { dtype: 'I64' } as const;
      const draws = runTensor('aten.randint.low', [-2, 3, [COUNT]], call);
      expect(draws.dtype).to.equal('int32');
      const counts = new Map<number, number>();
      for (const value of await draws.data()) counts.set(value, (counts.get(value) ?? 0) + 1);
      expect([...counts.keys()].sort((a, b) => a - b)).to.deep.equal([-2, -1, 0, 1, 2]);
      for (const count of counts.values()) expect(count / COUNT).to.be.closeTo(0.2, 0.02);
      const { least, largest } = await statistics(runTensor('aten.randint.default', [3, [COUNT]], call));
      expect([least, largest]).to.deep.equal([0, 2]);
    }));

  it('multinomial draws categories by their weights, each of a row once or again and again', () =>
    tidied(async () => {
      const call = { dtype: 'I64' } as const;
      const weights = tf.tensor2d([
        [3, 0, 1],
        [1, 1, 2],
      ]);
      const draws = runTensor('aten.multinomial.default', [weights, COUNT, true, null], call);
      expect([draws.dtype, draws.shape]).to.deep.equal(['int32', [2, COUNT]]);
      const values = Array.from(await draws.data());
      const shareOf = (row: number, category: number) =>
        values.slice(row * COUNT, (row + 1) * COUNT).filter((each) => each === category).length / COUNT;
      expect(shareOf(0, 1)).to.equal(0);
      for (const [row, category, share] of [
        [0, 0, 0.75],
        [0, 2, 0.25],
        [1, 0, 0.25],
        [1, 1, 0.25],
        [1, 2, 0.5],
      ] as const)
        expect(shareOf(row, category)).to.be.closeTo(share, 0.02);

      const rows = tf.tile(tf.tensor2d([[3, 0, 1]]), [2000, 1]);
      const pairs = (await runTensor(
        'aten.multinomial.default',
        [rows, 2, false, null],
        call,
      ).array()) as number[][];
      for (const pair of pairs) expect([...pair].sort()).to.deep.equal([0, 2]);
      const firsts = pairs.filter(([first]) => first === 0).length;
      expect(firsts / pairs.length).to.be.closeTo(0.75, 0.06);
      expect(
        runTensor('aten.multinomial.default', [tf.tensor1d([1, 1]), 1, false, null], call).shape,
      ).to.deep.equal([1]);
    }));

  if (['cpu', 'wasm', 'tensorflow'].includes(backend))
    it('multinomial refuses weights that torch refuses', () =>
      tidied(async () => {
        const drawing = (weights: number[], count: number, hasReplacement: boolean) => () =>
          run('aten.multinomial.default', [tf.tensor1d(weights), count, hasReplacement, null]);
        expect(drawing([1, -1], 1, true)).to.throw(
          RangeError,
          'aten.multinomial.default: self: expected finite weights of 0 or more, got -1',
        );
        expect(drawing([1, 0], 2, false)).to.throw(
          RangeError,
          'aten.multinomial.default: self: expected 2 or more weights above 0 in a row, got 1',
        );
        expect(drawing([0, 0], 2, true)).to.throw(
          RangeError,
          'aten.multinomial.default: self: expected 1 or more weights above 0 in a row, got 0',
        );
      }));

  it('randperm has each of its numbers once, in any order', () =>
    tidied(async () => {
      const call = { dtype: 'I64' } as const;
      const firsts = new Set<number>();
      for (let i = 0; i < 60; i++) {
        const order = Array.from(await runTensor('aten.randperm.default', [5, null, null], call).data());
        expect([...order].sort()).to.deep.equal([0, 1, 2, 3, 4]);
        firsts.add(order[0] as number);
      }
      expect(firsts.size).to.equal(5);
    }));

  it('rrelu draws its slopes in training', () =>
    tidied(async () => {
      const y = runTensor('aten.rrelu.default', [tf.fill([COUNT], -1), 0.1, 0.3, true, null]);
      await expectMoments(y, -0.2, 0.2 * Math.sqrt(1 / 12));
      const { least, largest } = await statistics(y);
      expect(least).to.be.at.least(-0.3001);
      expect(largest).to.be.at.most(-0.0999);
    }));
});
