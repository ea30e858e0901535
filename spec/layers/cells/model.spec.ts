/** The cells inside tf.layers: `tf.layers.rnn({ cell })`, and unrolled in a functional model. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gruCell, lstmCell, rnnCell } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { describeEachCell, step, unroll } from '../../support/cells.js';
import { expectClose, expectSame } from '../../support/expect-same.js';
import { maxDifference } from '../../support/parity.js';
import { artifactsOf, reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';

const [B, T, I, H] = [4, 5, 2, 3];

type Rnn = ReturnType<typeof tf.layers.rnn>;
type RnnArgs = Parameters<typeof tf.layers.rnn>[0];

describeEachCell('in tf.layers', (variant) => {
  const { make, module, stateNames } = variant;
  const rnn = (args: Partial<RnnArgs> = {}): Rnn => tf.layers.rnn({ cell: make({ hiddenSize: H }), ...args });
  const cellOf = (layer: Rnn) => layer.cell as ReturnType<typeof make>;
  const zeros = () => stateNames.map(() => tf.zeros([B, H]));

  it('runs over a sequence as a loop does, and returns its states', async () => {
    const layer = rnn({ returnSequences: true, returnState: true });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      const [output, ...states] = layer.apply(x) as tf.Tensor[];
      const expected = unroll(cellOf(layer), tf.unstack(x, 1));
      await expectClose(output!, tf.stack(expected.outputs, 1));
      expect(states).to.have.length(stateNames.length);
      for (const [i, state] of states.entries()) await expectClose(state, expected.states[i]!);
    });
    layer.dispose();
  });

  it('starts from initial states, in a model too', async () => {
    const layer = rnn({ returnState: true });
    const x = tf.input({ shape: [T, I] });
    const initial = stateNames.map(() => tf.input({ shape: [H] }));
    const outputs = layer.apply([x, ...initial]) as tf.SymbolicTensor[];
    expect(outputs.map(({ shape }) => shape)).to.deep.equal(outputs.map(() => [null, H]));
    const model = tf.model({ inputs: [x, ...initial], outputs });
    await tidied(async () => {
      const given = stateNames.map(() => tf.randomNormal([B, H]));
      const sequence = tf.randomNormal([B, T, I]);
      const [output, ...states] = model.predict([sequence, ...given]) as tf.Tensor[];
      const expected = unroll(cellOf(layer), tf.unstack(sequence, 1), given);
      await expectClose(output!, expected.outputs.at(-1)!);
      for (const [i, state] of states.entries()) await expectClose(state, expected.states[i]!);
    });
    model.dispose();
  });

  it('follows the masks of tf.layers: a masked step keeps state and output', async () => {
    const layer = rnn({ returnSequences: true, returnState: true });
    const ids = tf.input({ shape: [4], dtype: 'int32' });
    const embedding = tf.layers.embedding({ inputDim: 6, outputDim: I, maskZero: true });
    const model = tf.model({
      inputs: ids,
      outputs: layer.apply(embedding.apply(ids) as tf.SymbolicTensor) as tf.SymbolicTensor[],
    });
    await tidied(async () => {
      const rows = tf.tensor2d([0, 3, 0, 2, 1, 4, 5, 0], [2, 4], 'int32');
      const [output, ...states] = model.predict(rows) as tf.Tensor[];
      const embedded = (row: number[]) =>
        row.map((id) => tf.gather(embedding.getWeights()[0]!, tf.tensor1d([id], 'int32')));
      const first = unroll(cellOf(layer), embedded([3, 2]));
      const [early, late] = first.outputs as [tf.Tensor, tf.Tensor];
      const [ofFirst, ofSecond] = tf.unstack(output!) as [tf.Tensor, tf.Tensor];
      await expectClose(ofFirst, tf.concat([tf.zeros([1, H]), early, early, late]));
      const second = unroll(cellOf(layer), embedded([1, 4, 5]));
      await expectClose(ofSecond, tf.concat([...second.outputs, second.outputs.at(-1)!]));
      for (const [i, state] of states.entries())
        await expectClose(state, tf.concat([first.states[i]!, second.states[i]!]));
    });
    model.dispose();
  });

  it('trains through fit, and does not change a frozen cell', async () => {
    const frozen = rnn({
      cell: make({ hiddenSize: H, trainable: false, seed: 1 }),
      returnSequences: true,
      inputShape: [T, I],
    });
    const free = rnn({ cell: make({ hiddenSize: H, seed: 2 }) });
    const model = tf.sequential({ layers: [frozen, free, tf.layers.dense({ units: 1 })] });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const values = () =>
      Promise.all(
        [frozen, free].map((layer) => Promise.all(layer.getWeights().map((weight) => weight.data()))),
      );
    const before = (await values()).map((weights) => weights.map((weight) => weight.slice()));
    const [x, y] = [tf.randomNormal([8, T, I], 0, 1, 'float32', 3), tf.ones([8, 1])];
    const { history } = await model.fit(x, y, { epochs: 2, verbose: 0 });
    expect(history.loss![1]).to.be.below(history.loss![0] as number);
    const [ofFrozen, ofFree] = await values();
    expect(ofFrozen).to.deep.equal(before[0]);
    for (const [i, weight] of ofFree!.entries()) expect(weight).not.to.deep.equal(before[1]![i]);
    tf.dispose([x, y]);
    model.dispose();
  });

  it('is saved and loaded with a model, whether it was built before the model or by it', async () => {
    const early = make({ hiddenSize: H, seed: 5 });
    early.ensureBuilt(H);
    tf.tidy(() => void step(early, tf.zeros([1, H])));
    const model = tf.sequential({
      layers: [
        rnn({ name: 'first', returnSequences: true, inputShape: [T, I] }),
        rnn({ name: 'second', cell: early }),
      ],
    });
    const names = (await artifactsOf(model)).weightSpecs?.map((spec) => spec.name);
    expect(names).to.deep.equal(
      ['first', 'second'].flatMap((name) =>
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((weight) => `${name}/${weight}`),
      ),
    );
    const loaded = await reloaded(model);
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      await expectSame(loaded.predict(x) as tf.Tensor, model.predict(x) as tf.Tensor);
    });
    const [config, again] = [model, loaded].map((each) => cellOf(each.layers[1] as Rnn).getConfig());
    expect(again).to.deep.equal(config);
    model.dispose();
    loaded.dispose();
  });

  it('refuses a sequence whose input size is not that of its build', () => {
    const cell = make({ hiddenSize: H });
    cell.ensureBuilt(I);
    tf.tidy(() => {
      expect(() => tf.layers.rnn({ cell }).apply(tf.zeros([B, T, I + 1]))).to.throw(
        RangeError,
        `${module}: x: expected a last dimension of ${I} (inputSize), got [${B}, ${I + 1}]. ` +
          `input has inconsistent input_size: got ${I + 1} expected ${I}`,
      );
    });
    cell.dispose();
  });

  it('computes one step with apply, as forward does', async () => {
    const cell = make({ hiddenSize: H });
    await tidied(async () => {
      const [x, states] = [tf.randomNormal([B, I]), stateNames.map(() => tf.randomNormal([B, H]))];
      const before = tf.memory().numTensors;
      cell.ensureBuilt(I);
      const built = tf.memory().numTensors;
      expect(built).to.equal(before + 4);
      const [output, ...next] = cell.apply([x, ...states]) as tf.Tensor[];
      const expected = step(cell, x, states);
      await expectSame(output!, expected[0]!);
      for (const [i, state] of next.entries()) await expectSame(state, expected[i]!);
      expect(next).to.have.length(stateNames.length);
    });
    cell.dispose();
  });

  it('unrolls in a functional model, with one set of weights for all steps', async () => {
    const cell = make({ name: 'decoder', hiddenSize: H, seed: 6 });
    const dense = tf.layers.dense({ name: 'out', units: I });
    const start = tf.input({ shape: [I] });
    const initial = stateNames.map(() => tf.input({ shape: [H] }));
    let [x, states]: [tf.SymbolicTensor, tf.SymbolicTensor[]] = [start, initial];
    for (let t = 0; t < 3; t++) {
      const [output, ...next] = cell.apply([x, ...states]) as tf.SymbolicTensor[];
      expect([output, ...next].map((tensor) => tensor?.shape)).to.deep.equal([
        [null, H],
        ...states.map(() => [null, H]),
      ]);
      [x, states] = [dense.apply(output!) as tf.SymbolicTensor, next];
    }
    const model = tf.model({ inputs: [start, ...initial], outputs: [x, ...states] });
    expect(model.weights).to.have.length(4 + 2);
    await tidied(async () => {
      const inputs = [tf.randomNormal([B, I]), ...stateNames.map(() => tf.randomNormal([B, H]))];
      const [y, ...finals] = model.predict(inputs) as tf.Tensor[];
      let [fed, held]: [tf.Tensor, tf.Tensor[]] = [inputs[0]!, inputs.slice(1)];
      for (let t = 0; t < 3; t++) {
        held = step(cell, fed, held);
        fed = dense.apply(held[0]!) as tf.Tensor;
      }
      await expectClose(y!, fed);
      for (const [i, state] of finals.entries()) await expectClose(state, held[i]!);
    });
    const loaded = await reloaded(model);
    await tidied(async () => {
      const inputs = [tf.randomNormal([B, I]), ...zeros()];
      const [a, b] = [model, loaded].map((each) => (each.predict(inputs) as tf.Tensor[])[0]!);
      await expectSame(b!, a!);
    });
    model.dispose();
    // tf.layers counts one reference per use.
    for (let use = 1; use < 3; use++) [cell, dense].map((layer) => layer.dispose());
    for (let use = 1; use < 3; use++) for (const name of ['decoder', 'out']) loaded.getLayer(name).dispose();
    loaded.dispose();
  });

  it('refuses symbolic tensors of other shapes or dtypes, and knows its output shapes', () => {
    const cell = make({ hiddenSize: H });
    const states = stateNames.map(() => tf.input({ shape: [H] }));
    const x = tf.input({ shape: [I], dtype: 'int32' });
    expect(() => cell.apply([x, ...states])).to.throw(
      TypeError,
      `${module}.apply: ${x.name}: expected dtype float32, got int32`,
    );
    expect(() => cell.apply(tf.input({ shape: [I] }))).to.throw(
      RangeError,
      `${module}.apply: inputs: expected [x, ${stateNames.join(', ')}], got 1 tensor. ` +
        'forward(x) starts from zeros',
    );
    const wrong = stateNames.map(() => tf.input({ shape: [H + 1] }));
    expect(() => cell.apply([tf.input({ shape: [I] }), ...wrong])).to.throw(
      RangeError,
      `${module}.apply: ${stateNames[0]}: expected shape [?, ${H}], got [?, ${H + 1}]. ` +
        `hidden0 has inconsistent hidden_size: got ${H + 1}, expected ${H}`,
    );
    const shapes: tf.Shape[] = [[null, I], ...stateNames.map((): tf.Shape => [null, H])];
    expect(cell.computeOutputShape(shapes)).to.deep.equal([[null, H], ...stateNames.map(() => [null, H])]);
    expect(() => cell.computeOutputShape([null, I])).to.throw(RangeError, 'got 1 tensor');
    expect([cell.built, cell.inboundNodes]).to.deep.equal([false, []]);
  });
});

describeEachBackend('cells of several classes', () => {
  it('stack in one tf.layers.rnn, are saved and loaded', async () => {
    const cell = [
      gruCell({ hiddenSize: 4 }),
      lstmCell({ hiddenSize: 3 }),
      rnnCell({ hiddenSize: 2, nonlinearity: 'relu' }),
    ];
    const layer = tf.layers.rnn({ cell, returnSequences: true, inputShape: [T, I] });
    const model = tf.sequential({ layers: [layer] });
    const loaded = await reloaded(model);
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I]);
      const output = model.predict(x) as tf.Tensor;
      let steps = tf.unstack(x, 1);
      for (const each of cell) steps = unroll(each, steps).outputs;
      await expectClose(output, tf.stack(steps, 1));
      expect(output.shape).to.deep.equal([B, T, 2]);
      await expectSame(loaded.predict(x) as tf.Tensor, output);
    });
    model.dispose();
    loaded.dispose();
  });

  it('carry their states in a stateful tf.layers.rnn', async () => {
    const layer = tf.layers.rnn({
      cell: lstmCell({ hiddenSize: H, seed: 1 }),
      stateful: true,
      returnSequences: true,
      batchInputShape: [B, null as never, I],
    });
    const model = tf.sequential({ layers: [layer] });
    await tidied(async () => {
      const x = tf.randomNormal([B, T, I], 0, 1, 'float32', 2);
      const chunks = tf
        .split(x, [2, 3], 1)
        .map((chunk) => model.predict(chunk, { batchSize: B }) as tf.Tensor);
      const whole = unroll(layer.cell as never, tf.unstack(x, 1)).outputs;
      await expectClose(tf.concat(chunks, 1), tf.stack(whole, 1));
      expect(maxDifference((await chunks[0]!.data()).slice(0, H), new Float32Array(H))).to.be.above(1e-3);
    });
    model.dispose();
    tf.dispose((layer as unknown as { states_: tf.Tensor[] }).states_);
  });
});
