/** The states of a stateful layer, read and set, whole or by row, against forward() with h0. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectClose, expectSame } from '../../support/expect-same.js';
import { batchLeading, describeEachLayer, EVERY_LAYER, forward } from '../../support/family.js';
import { tidied } from '../../support/tidied.js';

describeEachLayer('states of a stateful layer', EVERY_LAYER, ({ make, module, stateNames, stateSizes }) => {
  const B = 4;
  const random = (rows: number) => stateSizes(3).map((columns) => tf.randomNormal([rows, 2, columns]));
  const stateful = () => make({ hiddenSize: 3, numLayers: 2, stateful: true });

  it('are those that forward ends with, in copies, and none after a reset', async () => {
    const layer = stateful();
    expect(layer.getStates()).to.equal(undefined);
    const x = tf.randomNormal([B, 5, 2]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const before = tf.memory().numTensors;
    const states = layer.getStates()!;
    expect(tf.memory().numTensors).to.equal(before + stateNames.length);
    await tidied(async () => {
      for (const [i, state] of forward(layer, x).states.entries())
        await expectClose(batchLeading(state), states[i]!);
      layer.apply(x);
    });
    for (const state of states) expect(state.isDisposed).to.equal(false);
    layer.resetStates();
    expect(layer.getStates()).to.equal(undefined);
    tf.dispose([x, ...states]);
    layer.dispose();
  });

  it('come back as they were read', async () => {
    const layer = stateful();
    await tidied(async () => {
      const [x, next] = [tf.randomNormal([B, 5, 2]), tf.randomNormal([B, 2, 2])];
      layer.apply(x);
      const states = layer.getStates()!;
      const expected = layer.apply(next) as tf.Tensor;
      layer.resetStates(states);
      await expectSame(layer.apply(next) as tf.Tensor, expected);
    });
    layer.dispose();
  });

  it('begin again in some rows, and go on in the others bit for bit', async () => {
    const layer = stateful();
    await tidied(async () => {
      layer.apply(tf.fill([B, 2, 2], Number.NaN));
      const given = random(B);
      layer.resetStates(given);
      layer.resetStates(undefined, { rows: [2, 0] });
      const x = tf.randomNormal([B, 3, 2]);
      const keep = tf.tensor([0, 1, 0, 1], [B, 1, 1]);
      const states = given.map((state) => batchLeading(tf.mul(state, keep)));
      for (const [i, state] of layer.getStates()!.entries())
        await expectSame(batchLeading(state), states[i]!);
      await expectClose(layer.apply(x) as tf.Tensor, forward(layer, x, { states }).output);
    });
    layer.dispose();
  });

  it('begin again where a row has become NaN, without a trace', async () => {
    const layer = stateful();
    await tidied(async () => {
      const poisoned = tf.concat([tf.fill([1, 2, 2], Number.NaN), tf.ones([B - 1, 2, 2])]);
      layer.apply(poisoned);
      layer.resetStates(undefined, { rows: [0] });
      expect((await (layer.apply(tf.ones([B, 1, 2])) as tf.Tensor).isNaN().any().data())[0]).to.equal(0);
    });
    layer.dispose();
  });

  it('are set in some rows, in the order of the indices', async () => {
    for (const batchInputShape of [undefined, [B, 3, 2]]) {
      const layer = make({ hiddenSize: 3, numLayers: 2, stateful: true, batchInputShape });
      layer.ensureBuilt(2);
      await tidied(async () => {
        const x = tf.randomNormal([B, 3, 2]);
        const start = batchInputShape ? random(B).map(tf.zerosLike) : random(B);
        if (!batchInputShape) layer.resetStates(start);
        const rows = random(2);
        layer.resetStates(rows, { rows: [3, 1] });
        const states = start.map((state, i) => {
          const [a, , c] = tf.split(state, B);
          const [third, first] = tf.split(rows[i]!, 2);
          return batchLeading(tf.concat([a!, first!, c!, third!]));
        });
        await expectClose(layer.apply(x) as tf.Tensor, forward(layer, x, { states }).output);
      });
      layer.dispose();
    }
  });

  it('hold as many tensors after any reset', () => {
    const layer = stateful();
    tf.tidy(() => {
      layer.apply(tf.zeros([B, 2, 2]));
    });
    const before = tf.memory().numTensors;
    for (let i = 0; i < 3; i++) {
      layer.resetStates(undefined, { rows: [i] });
      tf.tidy(() => layer.resetStates(random(1), { rows: [i] }));
    }
    layer.resetStates(undefined, { rows: [] });
    expect(tf.memory().numTensors).to.equal(before);
    layer.dispose();
  });

  it('are refused for rows that there are not, of other shapes, and without stateful', () => {
    const layer = stateful();
    const where = `${module}.resetStates`;
    tf.tidy(() => {
      layer.resetStates(undefined, { rows: [7] });
      expect(() => layer.resetStates(random(1), { rows: [0] })).to.throw(
        RangeError,
        `${where}: rows: expected none before the first call, which tells the batch size, got rows. ` +
          'Set the states of every row, or give the layer a batchInputShape',
      );
      layer.apply(tf.zeros([B, 2, 2]));
      const columns = stateSizes(3)[0]!;
      for (const [rows, type, text] of [
        [[B], RangeError, `${where}: rows[0]: expected an integer in 0..3, got 4`],
        [[-1], RangeError, `${where}: rows[0]: expected an integer in 0..3, got -1`],
        [[0.5], RangeError, `${where}: rows[0]: expected an integer in 0..3, got 0.5`],
        [[0, '1'], TypeError, `${where}: rows[1]: expected an integer in 0..3, got "1"`],
        [[1, 1], RangeError, `${where}: rows[1]: expected each row once, got 1`],
        [2, TypeError, `${where}: rows: expected a list of indices into the batch, got 2`],
      ] as const)
        expect(() => layer.resetStates(undefined, { rows: rows as never })).to.throw(type, text);
      expect(() => layer.resetStates(random(2), { rows: [1] })).to.throw(
        RangeError,
        `${where}: h0: expected shape [1, 2, ${columns}], got [2, 2, ${columns}]`,
      );
      expect(() => layer.resetStates(undefined, { row: [1] } as never)).to.throw(
        TypeError,
        `${where}: row: expected one of rows, got unknown option "row". Did you mean rows?`,
      );
      expect(() => layer.resetStates(undefined, true as never)).to.throw(
        TypeError,
        'options: expected an object',
      );
      expect(() => make({ hiddenSize: 3 }).getStates()).to.throw(
        RangeError,
        `${module}.getStates: stateful: expected true, got false`,
      );
    });
    layer.dispose();
  });
});
