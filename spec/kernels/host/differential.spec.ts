import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, lstm, setThreads } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import {
  changedByThreads,
  countOfPairs,
  differenceFromReference,
  pairedCombinations,
  pairsAmong,
  randomCombination,
} from '../../support/differential.js';
import { maxDifference } from '../../support/parity.js';
import { Random } from '../../support/random.js';

/** Largest seen in 10,000 combinations: 6e-5, where terms cancel; 2e-5 elsewhere. */
const TOLERANCE = 1e-4;

describeEachBackend('the fused kernel against the reference', (backend) => {
  it('agrees in outputs, states and gradients over random combinations', function () {
    this.timeout(180_000);
    const random = new Random(7);
    for (let i = 0; i < (backend === 'cpu' ? 150 : 40); i++) {
      const combination = randomCombination(random, i, 1e5);
      expect(differenceFromReference(combination), JSON.stringify(combination)).to.be.at.most(TOLERANCE);
    }
  });

  it('gives the same bits on 1 to 5 threads: outputs, states, and the gradients of x and the states', function () {
    this.timeout(180_000);
    const random = new Random(3);
    for (let i = 0; i < (backend === 'cpu' ? 60 : 15); i++) {
      const combination = { ...randomCombination(random, i, 1e5), threads: 2 + (i % 4) };
      const { cell, hasStates } = combination;
      // Those of the weights are sums over the rows of the batch, each thread's rows for themselves.
      const states = hasStates ? (cell.startsWith('LSTM') ? 2 : 1) : 0;
      const isOfWeight = (name: string) =>
        name.startsWith('gradient') && Number(name.split(' ').at(-1)) > states;
      const changed = changedByThreads(combination).filter((name) => !isOfWeight(name));
      expect(changed, JSON.stringify(combination)).to.deep.equal([]);
    }
  });

  it('gives the same on 1, 2 and 3 threads, with rows, directions and units to share', () => {
    const layers = [
      { layer: gru({ hiddenSize: 65, bidirectional: true, seed: 1 }), batch: 7, steps: 40 },
      { layer: gru({ hiddenSize: 260, seed: 2 }), batch: 1, steps: 12 },
      { layer: lstm({ hiddenSize: 129, numLayers: 2, seed: 3 }), batch: 3, steps: 20 },
    ];
    for (const { layer, batch, steps } of layers) {
      layer.ensureBuilt(64);
      const lengths = Array.from({ length: batch }, (_, b) => steps - 3 * b);
      tf.tidy(() => {
        const x = tf.randomNormal([batch, steps, 64], 0, 1, 'float32', 5);
        const weights = layer.weights.map((weight) => weight.read() as tf.Variable);
        const run = (threads: number) => {
          setThreads(threads);
          const loss = () => tf.sum(tf.square(layer.forward(x, { lengths }).output)) as tf.Scalar;
          const { grads } = tf.variableGrads(loss, weights);
          return [layer.forward(x, { lengths }).output, ...Object.values(grads)].map((t) => t.dataSync());
        };
        const [one, two, three] = [run(1), run(2), run(3)];
        for (const [i, values] of one.entries())
          for (const other of [two, three]) {
            const scale = Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 1);
            expect(maxDifference(other[i]!, values) / scale).to.be.at.most(1e-6);
          }
      });
      layer.dispose();
    }
  });

  it('lets NaN and infinities through where the reference does', () => {
    const [fused, reference] = (['fused', 'reference'] as const).map((implementation) =>
      gru({ hiddenSize: 5, seed: 1, bidirectional: true, implementation }),
    ) as [ReturnType<typeof gru>, ReturnType<typeof gru>];
    tf.tidy(() => {
      for (const [value, place] of [
        [Number.NaN, 0],
        [Infinity, 7],
        [-Infinity, 13],
      ] as const) {
        const values = Array.from({ length: 24 }, (_, i) => Math.sin(i));
        values[place] = value;
        const x = tf.tensor3d(values, [2, 4, 3]);
        const marks = [fused, reference].map((layer) =>
          Array.from(layer.forward(x, { lengths: [4, 3] }).output.dataSync(), Number.isNaN),
        );
        expect(marks[0]).to.deep.equal(marks[1]);
      }
    });
    for (const layer of [fused, reference]) layer.dispose();
  });
});

describe('the combinations of the comparison', () => {
  const combinations = pairedCombinations(1);

  it('have every pair of values of two options', () => {
    expect(pairsAmong(combinations)).to.equal(countOfPairs());
    expect(pairsAmong(combinations.slice(1))).to.be.below(countOfPairs());
  });

  it('have the sizes of every tail of a tile with every number of rows, and long sequences of each', () => {
    const has = (wanted: object) =>
      combinations.some((combination) =>
        Object.entries(wanted).every(
          ([name, value]) => combination[name as keyof typeof combination] === value,
        ),
      );
    for (const size of [...Array.from({ length: 40 }, (_, i) => i + 1), 63, 64, 65, 127, 128, 129, 256]) {
      for (let batch = 1; batch <= 9; batch++) expect(has({ hiddenSize: size, batch })).to.equal(true);
      expect(has({ hiddenSize: size, steps: 1000 })).to.equal(true);
      expect(has({ inputSize: size, steps: 1000 })).to.equal(true);
    }
    expect(has({ steps: 1000, numLayers: 3 }) && has({ steps: 1000, bidirectional: true })).to.equal(true);
  });
});
