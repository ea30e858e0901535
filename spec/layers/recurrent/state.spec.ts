import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectClose } from '../../support/expect-same.js';
import { batchLeading, describeEachLayer, EVERY_LAYER, forward } from '../../support/family.js';
import { maxDifference } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

describeEachLayer('stateful', EVERY_LAYER, ({ make, module, stateNames, stateSizes }) => {
  /** Initial states as `apply` and `resetStates` take them. */
  const zeros = (batch: number, rows = 1) => stateSizes(3).map((columns) => tf.zeros([batch, rows, columns]));

  it('continues from call to call as one long call, row by row, until resetStates', async () => {
    const layer = make({ hiddenSize: 4, numLayers: 2, stateful: true });
    await tidied(async () => {
      const x = tf.randomNormal([3, 9, 2]);
      const whole = layer.forward(x).output;
      for (let repeat = 0; repeat < 2; repeat++) {
        const chunks = tf.split(x, [4, 1, 4], 1).map((chunk) => layer.apply(chunk) as tf.Tensor);
        await expectClose(tf.concat(chunks, 1), whole);
        layer.resetStates();
      }
    });
    layer.dispose();
  });

  it('continues through predict, and model.resetStates starts afresh', async () => {
    const layer = make({ hiddenSize: 3, stateful: true, batchInputShape: [2, 4, 3] });
    const model = tf.sequential({ layers: [layer] });
    await tidied(async () => {
      const x = tf.randomNormal([2, 8, 3]);
      const [a, b] = tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor];
      const whole = layer.forward(x).output;
      const first = model.predict(a, { batchSize: 2 }) as tf.Tensor;
      await expectClose(tf.concat([first, model.predict(b, { batchSize: 2 }) as tf.Tensor], 1), whole);
      model.resetStates();
      await expectClose(model.predict(a, { batchSize: 2 }) as tf.Tensor, first);
      model.resetStates();
    });
    model.dispose();
  });

  it('neither reads nor writes its state in forward', async () => {
    const layer = make({ hiddenSize: 3, stateful: true, seed: 1 });
    await tidied(async () => {
      const x = tf.randomNormal([2, 3, 2], 0, 1, 'float32', 1);
      const alone = layer.forward(x).output;
      const first = layer.apply(x) as tf.Tensor;
      await expectClose(first, alone);
      await expectClose(layer.forward(x).output, alone);
      expect(maxDifference(await (layer.apply(x) as tf.Tensor).data(), await first.data())).to.be.above(1e-3);
    });
    layer.dispose();
  });

  it('starts from given states, by argument or by resetStates', async () => {
    const layer = make({ hiddenSize: 3, numLayers: 2, stateful: true });
    await tidied(async () => {
      const x = tf.randomNormal([4, 3, 2]);
      const states = stateSizes(3).map((columns) => tf.randomNormal([4, 2, columns]));
      const expected = forward(layer, x, { states: states.map(batchLeading) }).output;
      await expectClose(layer.apply([x, ...states]) as tf.Tensor, expected);
      layer.resetStates(states.length === 1 ? states[0] : states);
      await expectClose(layer.apply(x) as tf.Tensor, expected);
    });
    layer.dispose();
  });

  it('continues from given states with their batch size', () => {
    const layer = make({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      layer.apply(tf.zeros([4, 3, 2]));
      layer.apply([tf.zeros([5, 3, 2]), ...zeros(5)]);
      expect((layer.apply(tf.zeros([5, 3, 2])) as tf.Tensor).shape[0]).to.equal(5);
    });
    layer.dispose();
  });

  it('returns the states it carries with returnState', async () => {
    const layer = make({ hiddenSize: 3, stateful: true, returnState: true });
    await tidied(async () => {
      const x = tf.randomNormal([2, 6, 2]);
      const { states } = forward(layer, x);
      const finals = tf
        .split(x, [5, 1], 1)
        .map((chunk) => layer.apply(chunk) as tf.Tensor[])[1]!
        .slice(1);
      for (const [i, state] of finals.entries()) await expectClose(batchLeading(state), states[i]!);
    });
    layer.dispose();
  });

  it('carries its states once where a model uses several outputs, which tfjs computes one by one', async () => {
    const layer = make({ hiddenSize: 3, stateful: true, returnState: true });
    const input = tf.input({ batchShape: [2, 3, 2] });
    const outputs = layer.apply(input) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: input, outputs });
    const chunks = [0, 1, 2].map(() => tf.randomNormal([2, 3, 2]));
    let held = 0;
    for (const [run, call] of [
      (x: tf.Tensor) => model.predict(x, { batchSize: 2 }),
      (x: tf.Tensor) => model.apply(x),
    ].entries()) {
      await tidied(async () => {
        const { output, states } = forward(layer, tf.concat(chunks, 1));
        const results = chunks.map((x) => call(x) as tf.Tensor[]);
        await expectClose(
          tf.concat(
            results.map(([sequence]) => sequence!),
            1,
          ),
          output,
        );
        for (const [i, state] of results.at(-1)!.slice(1).entries())
          await expectClose(batchLeading(state), states[i]!);
        // The same x again goes on.
        const [again] = [call(chunks[0]!), call(chunks[0]!)].at(-1) as tf.Tensor[];
        const twice = forward(layer, tf.concat([...chunks, chunks[0]!, chunks[0]!], 1)).output;
        await expectClose(again!, tf.slice(twice, [0, 12], [2, 3]));
      });
      if (run === 0) held = tf.memory().numTensors;
      expect(tf.memory().numTensors).to.equal(held);
      model.resetStates();
    }
    tf.dispose(chunks);
    model.dispose();
  });

  it('fixes its batch size at the first call', () => {
    const layer = make({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      layer.apply(tf.zeros([4, 3, 2]));
      expect(() => layer.apply(tf.zeros([5, 3, 2]))).to.throw(
        RangeError,
        `${module}.apply: x: expected batch size 4, as in the call before, got 5. A stateful layer carries one state per row. Call resetStates() before changing the batch size`,
      );
      layer.resetStates();
      layer.apply(tf.zeros([5, 3, 2]));
    });
    layer.dispose();
  });

  it('names batchInputShape when that fixes the batch size', () => {
    const layer = make({ hiddenSize: 3, stateful: true, batchInputShape: [2, 3, 2] });
    const model = tf.sequential({ layers: [layer] });
    tf.tidy(() => {
      for (const call of [
        () => layer.apply(tf.zeros([3, 3, 2])),
        () => layer.apply([tf.zeros([3, 3, 2]), ...zeros(3)]),
      ])
        expect(call).to.throw(
          RangeError,
          `${module}.apply: x: expected batch size 2, of batchInputShape, got 3. A stateful layer carries one state per row. ` +
            'Use samples in multiples of it, or leave the batch size out of batchInputShape',
        );
      expect(() => layer.resetStates(zeros(3))).to.throw(
        RangeError,
        `${module}.resetStates: h0: expected shape [2, 1, ${stateSizes(3)[0]}], got [3, 1, ${stateSizes(3)[0]}]`,
      );
    });
    model.dispose();
  });

  it('refuses a smaller last batch of predict by name', () => {
    const layer = make({ hiddenSize: 3, stateful: true, inputShape: [3, 2] });
    const model = tf.sequential({ layers: [layer] });
    tf.tidy(() => {
      expect(() => model.predict(tf.zeros([5, 3, 2]), { batchSize: 2 })).to.throw(
        RangeError,
        `${module}.apply: x: expected batch size 2, as in the call before, got 1. A stateful layer carries one state per row. ` +
          'Call resetStates() before changing the batch size; predict, evaluate and fit need samples in multiples of it',
      );
      model.resetStates();
      expect((model.predict(tf.zeros([4, 3, 2]), { batchSize: 2 }) as tf.Tensor).shape[0]).to.equal(4);
    });
    model.dispose();
  });

  it('disposes the states it was given with itself, built or not', () => {
    tf.tidy(() => {
      const unbuilt = make({ hiddenSize: 3, stateful: true });
      unbuilt.resetStates(zeros(2));
      expect(() => unbuilt.dispose()).to.throw('has not been built yet');
      const built = make({ hiddenSize: 3, stateful: true });
      built.apply(tf.zeros([2, 4, 3]));
      built.dispose();
      expect(() => built.resetStates(zeros(2))).to.throw('already disposed');
    });
  });

  it('holds one state however often it is called, also in training', async () => {
    const layer = make({ hiddenSize: 3, stateful: true, returnSequences: false, batchInputShape: [2, 4, 3] });
    const model = tf.sequential({ layers: [layer, tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const [x, y] = [tf.randomNormal([4, 4, 3]), tf.zeros([4, 1])];
    const train = () => model.fit(x, y, { batchSize: 2, epochs: 2, verbose: 0, shuffle: false });
    await train();
    const before = tf.memory().numTensors;
    await train();
    for (let i = 0; i < 20; i++) tf.dispose(model.predict(x, { batchSize: 2 }));
    expect(tf.memory().numTensors).to.equal(before);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('refuses resetStates with wrong shapes or counts, and without stateful', () => {
    const layer = make({ hiddenSize: 3, stateful: true });
    tf.tidy(() => {
      const [columns] = stateSizes(3);
      const [, ...others] = zeros(1);
      expect(() => layer.resetStates([tf.zeros([1, 4, columns!]), ...others])).to.throw(
        RangeError,
        `${module}.resetStates: h0: expected shape [?, 1, ${columns}], got [1, 4, ${columns}]`,
      );
      expect(() => layer.resetStates([...zeros(1), ...zeros(1)])).to.throw(
        RangeError,
        `${module}.resetStates: states: expected [${stateNames.join(', ')}], got ${2 * stateNames.length} tensors`,
      );
      expect(() => make({ hiddenSize: 3 }).resetStates()).to.throw(
        RangeError,
        `${module}.resetStates: stateful: expected true, got false`,
      );
      if (others.length === 0) return;
      expect(() => layer.resetStates(zeros(1)[0])).to.throw(
        RangeError,
        'LSTM.resetStates: states: expected [h0, c0], got 1 tensor',
      );
      expect(() => layer.resetStates([zeros(2)[0]!, ...others])).to.throw(
        RangeError,
        'LSTM.resetStates: c0: expected shape [2, 1, 3], got [1, 1, 3]',
      );
    });
  });
});

describe('stateful with bidirectional', () => {
  for (const { title, make, module } of EVERY_LAYER) {
    it(`throws for ${title} and says why`, () => {
      expect(() => make({ hiddenSize: 3, stateful: true, bidirectional: true })).to.throw(
        RangeError,
        `${module}: stateful: expected false with bidirectional: true, got true. ` +
          'The reverse direction needs the end of the sequence before its start',
      );
    });
  }
});
