import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru, LengthMask, lengthMask, UnsupportedError } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectClose, expectSame } from '../../support/expect-same.js';
import type { FloatTensor } from '../../support/fixtures.js';
import { expectGradient, weighted } from '../../support/gradients.js';
import { expectForward, maxAbs, toTensor } from '../../support/parity.js';
import { reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';
import { CLASSIFIERS, classifier, idsOf, LENGTHS, type Pooling } from './classifier.js';

const POOLINGS = Object.keys(CLASSIFIERS) as Pooling[];

function column(dtype: 'int32' | 'float32' = 'int32'): tf.Tensor2D {
  return tf.tensor2d([...LENGTHS], [LENGTHS.length, 1], dtype);
}

describeEachBackend('lengths in a model', (backend) => {
  for (const pooling of POOLINGS) {
    const fixture = CLASSIFIERS[pooling];

    for (const dtype of ['int32', 'float32'] as const)
      it(`behind layers that drop masks give what PyTorch packs: ${pooling}, ${dtype}`, async () => {
        const model = classifier(pooling, dtype);
        await tidied(async () => {
          for (const lengths of [column('int32'), column('float32')]) {
            const logits = model.predict([idsOf(fixture), lengths]) as tf.Tensor;
            await expectForward(logits, fixture.logits, 'logits');
          }
        });
        model.dispose();
      });

    it(`have PyTorch's gradients: ${pooling}`, async () => {
      const model = classifier(pooling);
      await tidied(async () => {
        const inputs = [idsOf(fixture), column()];
        const loss = () =>
          weighted(model.apply(inputs, { training: true }) as tf.Tensor, toTensor(fixture.R));
        const variables = new Map(
          Object.keys(fixture.gradients).map((name) => [name, variableOf(model, name)] as const),
        );
        // tfjs has no such kernel on wasm.
        if (!tf.getKernel('Conv2DBackpropFilter', backend)) variables.delete('conv.weight');
        const { grads } = tf.variableGrads(loss, [...variables.values()]);
        for (const [name, variable] of variables) {
          const expected = fixture.gradients[name] as FloatTensor;
          // At the last step the reverse direction has read one step: its weight_hh has no part in it.
          const isZero = maxAbs(expected.data) === 0;
          expect(isZero).to.equal(pooling === 'last' && name === 'gru.weight_hh_l0_reverse');
          await expectGradient(toTorch(name, grads[variable.name]!), expected, `gradient of ${name}`, isZero);
        }
      });
      model.dispose();
    });

    it(`survive a save and a load: ${pooling}`, async () => {
      const model = classifier(pooling);
      const loaded = await reloaded(model);
      await tidied(async () => {
        const logits = loaded.predict([idsOf(fixture), column()]) as tf.Tensor;
        await expectForward(logits, fixture.logits, 'logits');
      });
      loaded.dispose();
      model.dispose();
    });
  }

  it('train with fit, batch by batch, and leave nothing behind', async () => {
    const [x, lengths] = [tf.input({ shape: [null, 3] }), tf.input({ shape: [1] })];
    const masked = lengthMask().apply([x, lengths]) as tf.SymbolicTensor;
    const output = gru({ hiddenSize: 2, returnSequences: false, seed: 1 }).apply(masked);
    const model = tf.model({ inputs: [x, lengths], outputs: output as tf.SymbolicTensor });
    model.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const data = [tf.randomNormal([5, 4, 3], 0, 1, 'float32', 1), tf.tensor2d([4, 2, 1, 3, 4], [5, 1])];
    const y = tf.zeros([5, 2]);
    const train = () => model.fit(data, y, { epochs: 4, batchSize: 2, verbose: 0 });
    const { history } = await train();
    const before = tf.memory().numTensors;
    await train();
    expect(tf.memory().numTensors).to.equal(before);
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below(losses[0] as number);
    tf.dispose([...data, y]);
    model.optimizer.dispose();
    model.dispose();
  });

  it('set the mask inside a nested model, and enter one from outside', async () => {
    const layer = gru({ hiddenSize: 2, bidirectional: true });
    const inputs = () => [tf.input({ shape: [4, 3] }), tf.input({ shape: [1] })] as const;
    const [x, lengths] = inputs();
    const inner = tf.model({
      inputs: [x, lengths],
      outputs: layer.apply(lengthMask().apply([x, lengths]) as tf.SymbolicTensor) as tf.SymbolicTensor,
    });
    const [outerX, outerLengths] = inputs();
    const inside = tf.model({
      inputs: [outerX, outerLengths],
      outputs: inner.apply([outerX, outerLengths]) as tf.SymbolicTensor,
    });
    const plain = tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4, 3] }), layer] });
    const [againX, againLengths] = inputs();
    const masked = lengthMask().apply([againX, againLengths]) as tf.SymbolicTensor;
    const outside = tf.model({
      inputs: [againX, againLengths],
      outputs: plain.apply(masked) as tf.SymbolicTensor,
    });
    await tidied(async () => {
      const given = [tf.randomNormal([3, 4, 3]), tf.tensor2d([4, 1, 2], [3, 1])];
      const options = { lengths: [4, 1, 2] };
      const [values] = given as [tf.Tensor];
      await expectClose(inside.predict(given) as tf.Tensor, layer.forward(values, options).output);
      const dense = plain.layers[0]!.apply(values) as tf.Tensor;
      await expectClose(outside.predict(given) as tf.Tensor, layer.forward(dense, options).output);
    });
    for (const model of [outside, inside]) model.dispose();
  });

  it('take the place of the mask that x has', async () => {
    const layer = gru({ hiddenSize: 2, bidirectional: true });
    const [x, lengths] = [tf.input({ shape: [4, 3] }), tf.input({ shape: [1] })];
    const masked = tf.layers.masking().apply(x) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: [x, lengths],
      outputs: layer.apply(lengthMask().apply([masked, lengths]) as tf.SymbolicTensor) as tf.SymbolicTensor,
    });
    await tidied(async () => {
      const values = tf.pad(tf.abs(tf.randomNormal([2, 2, 3])).add(0.1), [
        [0, 0],
        [0, 2],
        [0, 0],
      ]);
      const output = model.predict([values, tf.tensor2d([[4], [3]])]) as tf.Tensor;
      await expectClose(output, layer.forward(values, { lengths: [4, 3] }).output);
    });
    model.dispose();
  });

  it('are checked where the model reads them', () => {
    const model = classifier('last');
    tf.tidy(() => {
      for (const [wrong, got] of [
        [[7, 0, 5, 1], 'lengths[1]: expected an integer in 1..7 (T), got 0'],
        [[8, 3, 5, 1], 'lengths[0]: expected an integer in 1..7 (T), got 8'],
      ] as const)
        expect(() => model.predict([idsOf(CLASSIFIERS.last), tf.tensor2d([...wrong], [4, 1])])).to.throw(
          RangeError,
          `LengthMask.apply: ${got}`,
        );
    });
    model.dispose();
  });
});

describeEachBackend('LengthMask', () => {
  it('returns x as it is, and leaves no mask behind', async () => {
    const layer = lengthMask({ name: 'lengths' });
    expect([layer.name, layer.getClassName()]).to.deep.equal(['lengths', 'TorchLengthMask']);
    const inputs = [tf.input({ shape: [4, 2] }), tf.input({ shape: [1] })];
    const model = tf.model({ inputs, outputs: layer.apply(inputs) as tf.SymbolicTensor });
    const values = [tf.randomNormal([3, 4, 2]), tf.tensor2d([[1], [2], [4]])] as const;
    const before = tf.memory().numTensors;
    const output = model.predict([...values]) as tf.Tensor;
    expect(tf.memory().numTensors).to.equal(before + 1);
    await expectSame(output, values[0]);
    tf.dispose([output, ...values]);
    model.dispose();
  });

  it('refuses tensors, which would lose the lengths, also of a layer that stands in a model', async () => {
    const layer = lengthMask();
    const inputs = [tf.input({ shape: [4, 3] }), tf.input({ shape: [1] })];
    const model = tf.model({ inputs, outputs: layer.apply(inputs) as tf.SymbolicTensor });
    const reader = gru({ hiddenSize: 2, seed: 1 });
    await tidied(async () => {
      const values = [tf.ones([2, 4, 3]), tf.tensor2d([2, 4], [2, 1])] as [tf.Tensor, tf.Tensor];
      model.apply(values);
      for (const training of [undefined, true])
        expect(() => layer.apply(values, { training })).to.throw(
          UnsupportedError,
          'LengthMask.apply: inputs: expected symbolic tensors, of a model, got tensors. A tensor carries no mask: ' +
            'pass the lengths to the layer that reads them, apply(x, { lengths }) or forward(x, { lengths })',
        );
      const { output } = reader.forward(values[0], { lengths: [2, 4] });
      await expectSame(reader.apply(values[0], { lengths: [2, 4] }) as tf.Tensor, output);
      expect(await output.array())
        .to.have.nested.property('[0][3]')
        .that.deep.equals([0, 0]);
    });
    model.dispose();
    reader.dispose();
  });

  it('has the mask of lengths [B] and [B, 1] of any numeric dtype, and of any x [B, T, ...]', async () => {
    await tidied(async () => {
      for (const lengths of [
        tf.tensor1d([1, 3], 'int32'),
        tf.tensor1d([1, 3]),
        tf.tensor2d([[1], [3]], undefined, 'int32'),
        tf.tensor2d([[1], [3]]),
      ])
        for (const x of [tf.zeros([2, 3]), tf.zeros([2, 3, 4], 'int32'), tf.zeros([2, 3, 4, 5])]) {
          const mask = lengthMask().computeMask([x, lengths]);
          expect([mask.dtype, await mask.array()]).to.deep.equal([
            'bool',
            [
              [1, 0, 0],
              [1, 1, 1],
            ],
          ]);
        }
      expect(
        await lengthMask()
          .computeMask([tf.zeros([1, 2]), tf.tensor1d([2])])
          .array(),
      ).to.deep.equal([[1, 1]]);
      expect(lengthMask().computeMask([tf.zeros([0, 2, 3]), tf.zeros([0, 1])]).shape).to.deep.equal([0, 2]);
    });
  });

  it('refuses other inputs, options and arguments', () => {
    tf.tidy(() => {
      const x = tf.zeros([2, 3, 4]);
      const apply = (inputs: unknown, options?: object) => () => lengthMask().apply(inputs as never, options);
      const shapes = 'LengthMask.apply: lengths: expected shape [2] or [2, 1], got';
      for (const [call, type, text] of [
        [apply(x), RangeError, 'LengthMask.apply: inputs: expected [x, lengths], got 1 tensor'],
        [apply([x, tf.zeros([3])]), RangeError, `${shapes} [3]`],
        [apply([x, tf.zeros([2, 2])]), RangeError, `${shapes} [2, 2]`],
        [apply([tf.zeros([2]), tf.ones([2])]), RangeError, 'x: expected [B, T, ...], got [2]'],
        [apply([x, [1, 2]]), TypeError, 'LengthMask.apply: lengths: expected a tensor, got [1, 2]'],
        [apply([x, tf.ones([2])], { mask: x }), TypeError, 'mask: expected one of training'],
        [() => new LengthMask({ lengths: 3 } as never), TypeError, 'LengthMask: lengths: expected one of'],
        [() => lengthMask(null as never), TypeError, 'LengthMask: args: expected an object'],
      ] as const)
        expect(call).to.throw(type, text);
    });
    expect(() => lengthMask().apply([tf.input({ shape: [3, 4] }), tf.input({ shape: [2] })])).to.throw(
      RangeError,
      'LengthMask.apply: lengths: expected shape [B] or [B, 1], got [?, 2]. In a model tf.input({ shape: [1] }) takes lengths',
    );
  });
});

/** The variable of a torch parameter: `fc.weight` is the kernel of the layer fc. */
function variableOf(model: tf.LayersModel, name: string): tf.Variable {
  const [layer, parameter] = name.split('.') as [string, string];
  const own = parameter === 'bias' ? 'bias' : /kernel|embeddings/;
  const weights = model.getLayer(layer).weights;
  const found =
    layer === 'gru'
      ? weights.find((weight) => weight.originalName === `gru/${parameter}`)
      : weights.find((weight) => weight.originalName.split('/').at(-1)!.match(own));
  return found!.read() as tf.Variable;
}

/** A gradient of a tf.layers kernel in torch's order of axes. */
function toTorch(name: string, gradient: tf.Tensor): tf.Tensor {
  return /^(conv|fc)\.weight$/.test(name) ? tf.transpose(gradient) : gradient;
}
