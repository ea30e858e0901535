/** How the layers refuse words of other libraries, wrong types and wrong calls. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { CLASSES, EVERY_LAYER } from '../../support/family.js';

const RESET = 'Leave it out: the reset gate always acts after the product, as in torch.nn.GRU';
const ACTIVATION = 'Leave it out: the activations are those of torch';
const WRAPPER =
  'torch has none. bidirectional: true on the layer itself is in place of tf.layers.bidirectional; the reverse direction alone is a ' +
  'layer between two tf.reverse';

/** The remedies of every layer, then those that depend on the class. */
const REMEDIES: Readonly<Record<string, [value: unknown, remedy: string]>> = {
  units: [4, 'Use hiddenSize'],
  hidden_size: [4, 'Use hiddenSize'],
  batch_first: [true, 'Use batchFirst'],
  num_layers: [2, 'Use numLayers'],
  useBias: [true, 'Use bias'],
  recurrentDropout: [0.1, 'torch has none; dropout acts between stacked layers'],
  resetAfter: [true, RESET],
  goBackwards: [true, WRAPPER],
  recurrentActivation: ['sigmoid', ACTIVATION],
  unitForgetBias: [true, 'Leave it out: torch initialises every bias alike'],
  unroll: [true, 'Leave it out'],
  timeMajor: [true, 'Use batchFirst: false'],
};
const NO_NONLINEARITY = 'only RNN and RNNCell have it in torch';
const NO_PROJECTION = 'proj_size argument is only supported for LSTM, not RNN or GRU';
const OWN_REMEDIES: Readonly<Record<string, typeof REMEDIES>> = {
  GRU: {
    activation: ['tanh', ACTIVATION],
    nonlinearity: ['relu', NO_NONLINEARITY],
    projSize: [1, NO_PROJECTION],
    proj_size: [1, NO_PROJECTION],
  },
  LSTM: {
    activation: ['tanh', ACTIVATION],
    nonlinearity: ['relu', NO_NONLINEARITY],
    proj_size: [1, 'Use projSize'],
  },
  RNN: {
    activation: ['relu', 'Use nonlinearity'],
    projSize: [1, NO_PROJECTION],
    proj_size: [1, NO_PROJECTION],
  },
};

for (const { title, make, module, stateNames, stateSizes } of EVERY_LAYER) {
  const args = (extra: object) => () => make({ hiddenSize: 5, ...extra });
  const states = stateNames.join(', ');

  describe(`${title} on words of other libraries`, () => {
    for (const [key, [value, remedy]] of Object.entries({ ...REMEDIES, ...OWN_REMEDIES[module] })) {
      it(`names the remedy for ${key}`, () => {
        expect(args({ [key]: value })).to.throw(
          TypeError,
          `${module}: ${key}: expected a known argument, got unknown argument "${key}". ${remedy}`,
        );
      });
    }

    it('names the remedy inside tf.layers.bidirectional', () => {
      const wrap = () =>
        tf.layers.bidirectional({
          layer: make({ hiddenSize: 2 }) as unknown as tf.RNN,
          mergeMode: 'concat',
        });
      expect(wrap).to.throw(TypeError, WRAPPER);
    });

    it('lists the known arguments for any other key', () => {
      const own = { GRU: '', LSTM: ', projSize', RNN: ', nonlinearity' }[module];
      for (const key of ['toString', 'hiddensize'])
        expect(args({ [key]: 1 })).to.throw(
          TypeError,
          `${module}: ${key}: expected one of hiddenSize, inputSize, bias, seed, implementation, numLayers, ` +
            `batchFirst, dropout, bidirectional, returnSequences, returnState, stateful${own}, inputShape`,
        );
    });

    it('suggests the arguments that a misspelt one may stand for', () => {
      for (const [key, hint] of [
        ['returnSequence', 'Did you mean returnSequences?'],
        ['return_sequence', 'Did you mean returnSequences?'],
        ['hiddensize', 'Did you mean hiddenSize?'],
        ['bidirectionnal', 'Did you mean bidirectional?'],
        ['inputSizes', 'Did you mean inputSize?'],
        ['batchInputshape', 'Did you mean batchInputShape?'],
      ] as const)
        expect(args({ [key]: 1 })).to.throw(TypeError, `got unknown argument "${key}". ${hint}`);
      expect(args({ toString: 1 }))
        .to.throw(TypeError)
        .with.property('message')
        .that.does.not.include('Did you mean');
    });

    it('says which size of a shape is wrong', () => {
      for (const [shape, text] of [
        [[null, NaN], '[1]: expected an integer >= 0, got NaN'],
        [[2, -1], '[1]: expected an integer >= 0, got -1'],
      ] as const)
        expect(args({ inputShape: shape })).to.throw(RangeError, `${module}: inputShape${text}`);
    });

    it('names the remedy for initial states that are options', () => {
      tf.tidy(() => {
        const [x, symbolic] = [tf.zeros([1, 2, 3]), tf.input({ shape: [2, 3] })];
        for (const name of ['initialState', 'hx', ...stateNames]) {
          const text =
            `${module}.apply: ${name}: expected one of lengths, training, mask, got unknown option "${name}". ` +
            `Call apply([x, ${states}])`;
          for (const input of [x, symbolic])
            expect(() => make({ hiddenSize: 2 }).apply(input, { [name]: [] } as never)).to.throw(
              TypeError,
              text,
            );
        }
        for (const name of ['initialState', 'hx'])
          expect(() => make({ hiddenSize: 2 }).forward(x, { [name]: x } as never)).to.throw(
            TypeError,
            `${module}.forward: ${name}: expected one of ${states}, lengths, training, got unknown option "${name}". ` +
              `Use ${stateNames.join(' and ')}`,
          );
      });
    });
  });

  describe(`${title} on wrong arguments`, () => {
    it('refuses wrong types of every argument', () => {
      const LayerClass = CLASSES[module] as new (args: unknown) => object;
      for (const nothing of [undefined, null])
        expect(() => new LayerClass(nothing)).to.throw(
          TypeError,
          `${module}: args: expected an object such as { hiddenSize: 128 }, got ${nothing}`,
        );
      expect(args({ hiddenSize: undefined })).to.throw(
        TypeError,
        `${module}: hiddenSize: expected an integer, got undefined. hidden_size should be of type int`,
      );
      expect(args({ hiddenSize: '5' })).to.throw(
        TypeError,
        `${module}: hiddenSize: expected an integer, got "5"`,
      );
      expect(args({ bias: 1 })).to.throw(TypeError, `${module}: bias: expected a boolean, got 1`);
      expect(args({ bidirectional: 'yes' })).to.throw(
        TypeError,
        `${module}: bidirectional: expected a boolean, got "yes"`,
      );
      expect(args({ seed: 0.5 })).to.throw(RangeError, `${module}: seed: expected an integer`);
      expect(args({ implementation: 'fast' })).to.throw(
        RangeError,
        `${module}: implementation: expected one of auto, fused, engine, cudnn, reference, got "fast"`,
      );
      if (module === 'LSTM')
        expect(args({ projSize: '2' })).to.throw(TypeError, 'LSTM: projSize: expected an integer, got "2"');
      if (module === 'RNN')
        for (const [value, shown] of [
          [null, 'null'],
          [1, '1'],
          ['Tanh', '"Tanh"'],
        ] as const)
          expect(args({ nonlinearity: value })).to.throw(
            RangeError,
            `RNN: nonlinearity: expected one of tanh, relu, got ${shown}`,
          );
    });

    it('refuses sizes that no machine can hold, at once', () => {
      const limit = 'expected weights of at most 1073741824 elements each, got weight_';
      for (const extra of [{ hiddenSize: 1e9 }, { hiddenSize: 1e5 }, { hiddenSize: 1e9, inputSize: 1 }])
        expect(args(extra)).to.throw(RangeError, `${module}: hiddenSize: ${limit}`);
      expect(args({ inputSize: 1e9 })).to.throw(RangeError, `${module}: inputSize: ${limit}`);
      expect(args({ numLayers: 1e9 })).to.throw(RangeError, `${module}: numLayers: expected an integer <= `);
      const layer = make({ hiddenSize: 5 });
      expect(() => layer.apply(tf.input({ shape: [4, 1e9] }))).to.throw(
        RangeError,
        `${module}: inputSize: ${limit}`,
      );
      expect([layer.built, layer.weights.length]).to.deep.equal([false, 0]);
    });

    it('refuses initial weights of other shapes before it is built', () => {
      tf.tidy(() => {
        const layer = make({ hiddenSize: 2, weights: [tf.ones([6, 3])] });
        const shapes = [...layer.torchShapes(3).values()].map((shape) => `[${shape.join(', ')}]`).join(', ');
        for (const call of [() => layer.forward(tf.zeros([1, 2, 3])), () => layer.apply(tf.zeros([1, 2, 3]))])
          expect(call).to.throw(RangeError, `${module}: weights: expected ${shapes}, got [6, 3]`);
        expect([layer.built, layer.weights.length]).to.deep.equal([false, 0]);
      });
    });
  });

  describe(`${title} on what is no call`, () => {
    it('refuses values that are not tensors', () => {
      const layer = make({ hiddenSize: 2 });
      tf.tidy(() => {
        const x = tf.zeros([1, 2, 3]);
        expect(() => layer.forward([1] as never)).to.throw(
          TypeError,
          `${module}.forward: x: expected a tensor, got [1]. Make one with tf.tensor`,
        );
        expect(() => layer.apply(null as never)).to.throw(
          TypeError,
          `${module}.apply: x: expected a tensor, got null`,
        );
        for (const [i, name] of stateNames.entries()) {
          expect(() => layer.forward(x, { [name]: [0] } as never)).to.throw(
            TypeError,
            `${module}.forward: ${name}: expected a tensor, got [0]. Make one with tf.tensor`,
          );
          const inputs = [x, ...stateSizes(2).map((columns) => tf.zeros([1, 1, columns]))];
          inputs[i + 1] = null as never;
          expect(() => layer.apply(inputs)).to.throw(
            TypeError,
            `${module}.apply: ${name}: expected a tensor, got null`,
          );
        }
        expect(() => layer.forward(x, { lengths: 2 as never })).to.throw(
          TypeError,
          `${module}.forward: lengths: expected number[], a typed array, a 1-D tensor or an entry of a state_dict, got 2`,
        );
      });
      expect(layer.built).to.equal(false);
    });

    it('refuses unknown options and wrong types of options', () => {
      const layer = make({ hiddenSize: 2 });
      tf.tidy(() => {
        const x = tf.zeros([1, 2, 3]);
        expect(() => layer.forward(x, tf.zeros([1, 1, 2]) as never)).to.throw(
          TypeError,
          `${module}.forward: options: expected an object such as { ${states}, lengths }, got a tensor. ` +
            `Pass ${stateNames.join(' and ')} by name: forward(x, { ${states} })`,
        );
        expect(() => layer.forward(x, null as never)).to.throw(
          TypeError,
          `${module}.forward: options: expected an object`,
        );
        expect(() => layer.forward(x, { training: 'no' as never })).to.throw(
          TypeError,
          `${module}.forward: training: expected a boolean`,
        );
        expect(() => layer.apply(x, { length: [1] } as never)).to.throw(
          TypeError,
          'expected one of lengths, training, mask',
        );
        expect((layer.apply(x, null as never) as tf.Tensor).shape).to.deep.equal([1, 2, stateSizes(2)[0]]);
        expect(() => make({ hiddenSize: 2 }).apply(tf.zeros([1, 2, 0]))).to.throw(
          RangeError,
          `${module}.apply: x: expected a last dimension of at least 1, got [1, 2, 0]. input_size must be greater than zero`,
        );
      });
      layer.dispose();
    });

    it('refuses tensors that are not float32, and symbolic tensors beside others', () => {
      const layer = make({ hiddenSize: 2 });
      const x = tf.input({ shape: [2, 3] });
      const ids = tf.input({ name: 'ids', shape: [2, 3], dtype: 'int32' });
      expect(() => layer.apply(ids)).to.throw(
        TypeError,
        `${module}.apply: ${ids.name}: expected dtype float32, got int32`,
      );
      expect(() => layer.apply([x, ...stateNames.map(() => 1)] as never)).to.throw(
        TypeError,
        `${module}.apply: inputs[1]: expected a symbolic tensor, as x is, got 1`,
      );
      tf.tidy(() => {
        expect(() => layer.apply([x, ...stateNames.map(() => tf.zeros([1, 1, 2]))] as never)).to.throw(
          TypeError,
          `${module}.apply: inputs[1]: expected a symbolic tensor, as x is, got Tensor`,
        );
      });
      expect([layer.built, layer.inboundNodes]).to.deep.equal([false, []]);
    });

    it('refuses disposed tensors', () => {
      const layer = make({ hiddenSize: 2 });
      tf.tidy(() => {
        const x = tf.zeros([1, 2, 3]);
        const lengths = tf.tensor1d([2], 'int32');
        lengths.dispose();
        expect(() => layer.forward(x, { lengths })).to.throw(
          RangeError,
          `${module}.forward: lengths: expected a live tensor, got a disposed one`,
        );
        x.dispose();
        for (const call of [() => layer.apply(x), () => layer.forward(x)])
          expect(call).to.throw(RangeError, 'x: expected a live tensor, got a disposed one');
      });
    });

    it('hints at batchFirst when something fits x with its first axes swapped', () => {
      const hint = 'It fits x read the other way round: is batchFirst right?';
      tf.tidy(() => {
        const layer = make({ hiddenSize: 2 });
        const x = tf.zeros([7, 4, 3]);
        expect(() => layer.forward(x, { lengths: [1, 2, 3, 4] })).to.throw(RangeError, hint);
        const sizes = stateSizes(2);
        for (const [i, name] of stateNames.entries()) {
          const columns = sizes[i]!;
          expect(() => layer.forward(x, { [name]: tf.zeros([1, 4, columns]) })).to.throw(RangeError, hint);
          expect(() => layer.forward(x, { [name]: tf.zeros([1, 7, columns + 1]) }))
            .to.throw(RangeError)
            .with.property('message')
            .that.does.not.include(hint);
          const inputs = [x, ...sizes.map((size) => tf.zeros([7, 1, size]))];
          inputs[i + 1] = tf.zeros([1, 7, columns]);
          const words = stateNames.length === 1 ? 'hidden' : `hidden[${i}]`;
          expect(() => layer.apply(inputs)).to.throw(
            RangeError,
            `${module}.apply: ${name}: expected shape [7, 1, ${columns}], got [1, 7, ${columns}]. ` +
              `Expected ${words} size (7, 1, ${columns}), got [1, 7, ${columns}]. ` +
              `apply takes states batch-leading: ${name}.transpose([1, 0, 2])`,
          );
        }
      });
    });
  });
}
