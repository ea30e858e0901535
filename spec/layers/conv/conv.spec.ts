import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  loadStateDict,
  type StateDict,
  StateDictError,
} from '../../../src/index.js';
import { f32 } from '../../models/torch-modules.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectSame } from '../../support/expect-same.js';
import { reloaded } from '../../support/save.js';
import { tidied } from '../../support/tidied.js';

/** Every layer, between one that it can be applied to and its like. */
function model(): tf.Sequential {
  return tf.sequential({
    layers: [
      conv2d({
        name: 'conv2d',
        outChannels: 4,
        kernelSize: [3, 2],
        stride: [2, 1],
        padding: [1, 0],
        seed: 1,
        inputShape: [5, 6, 3],
      }),
      convTranspose2d({ name: 'up2d', outChannels: 2, kernelSize: 2, stride: 2, bias: false, seed: 2 }),
      tf.layers.reshape({ targetShape: [6, 20] }),
      conv1d({
        name: 'conv1d',
        outChannels: 6,
        kernelSize: 3,
        padding: 'same',
        dilation: 2,
        groups: 2,
        seed: 3,
      }),
      convTranspose1d({
        name: 'up1d',
        outChannels: 3,
        kernelSize: 3,
        stride: 2,
        outputPadding: 1,
        seed: 4,
        trainable: false,
      }),
    ],
  });
}

describeEachBackend('convolutions in a model', () => {
  it('are saved and loaded with their arguments and weights', async () => {
    const original = model();
    const loaded = await reloaded(original);
    const x = tf.randomNormal([2, 5, 6, 3], 0, 1, 'float32', 5);
    await tidied(() => expectSame(loaded.predict(x) as tf.Tensor, original.predict(x) as tf.Tensor));
    for (const name of ['conv2d', 'up2d', 'conv1d', 'up1d'])
      expect(loaded.getLayer(name).getConfig()).to.deep.equal(original.getLayer(name).getConfig());
    expect(loaded.getLayer('up1d').getConfig()).to.include({ outChannels: 3, groups: 1, bias: true });
    for (const each of [original, loaded]) each.dispose();
    x.dispose();
  });

  it('have the shapes that they say before they are called, of every size', () => {
    const x = [2, 9, 8, 6];
    const layers = [
      conv2d({ outChannels: 4, kernelSize: [3, 2], stride: [3, 2], padding: [1, 2] }),
      conv2d({ outChannels: 4, kernelSize: 3, dilation: 2, dataFormat: 'channelsFirst' }),
      conv2d({ outChannels: 12, kernelSize: 3, padding: 'same', groups: 6 }),
      convTranspose2d({
        outChannels: 4,
        kernelSize: [3, 4],
        stride: [2, 3],
        padding: 1,
        outputPadding: [1, 2],
      }),
      convTranspose2d({ outChannels: 4, kernelSize: 3, dilation: 2, dataFormat: 'channelsFirst' }),
    ];
    for (const layer of layers) {
      tf.tidy(() => {
        const expected = layer.computeOutputShape(x);
        expect((layer.apply(tf.ones(x)) as tf.Tensor).shape).to.deep.equal(expected);
      });
      layer.dispose();
    }
  });

  it('train in fit, and leave frozen weights alone', async () => {
    const trained = model();
    const [x, y] = [tf.randomNormal([4, 5, 6, 3], 0, 1, 'float32', 6), tf.zeros([4, 14, 3])];
    trained.compile({ optimizer: tf.train.adam(0.05), loss: 'meanSquaredError' });
    const before = await Promise.all(trained.getWeights().map((weight) => weight.array()));
    const { history } = await trained.fit(x, y, { epochs: 4, verbose: 0 });
    const losses = history.loss as number[];
    expect(losses.at(-1)).to.be.below((losses[0] as number) * 0.9);
    const changed = await Promise.all(
      trained.getWeights().map(async (weight, i) => `${await weight.array()}` !== `${before[i]}`),
    );
    // The last two are those of up1d.
    expect(changed).to.deep.equal([true, true, true, true, true, false, false]);
    trained.optimizer.dispose();
    trained.dispose();
    tf.dispose([x, y]);
  });

  it('runs in one kernel where no gradient is wanted', async () => {
    const layer = conv2d({ outChannels: 4, kernelSize: 3, stride: 2, padding: 1 });
    const x = tf.ones([1, 8, 8, 3]);
    tf.dispose(layer.apply(x) as tf.Tensor);
    const { kernelNames, result } = await tf.profile(() => layer.apply(x) as tf.Tensor);
    expect(kernelNames).to.include('FusedConv2D').and.not.include('PadV2');
    layer.dispose();
    tf.dispose([result as tf.Tensor, x]);
  });
});

describe('weights of a convolution', () => {
  it('start as in torch: uniform, bounded by the taps on an output, repeatable with a seed', async () => {
    const made = [
      [conv1d({ outChannels: 64, kernelSize: 3, groups: 2, seed: 1 }), 1 / Math.sqrt(3 * 4)],
      [convTranspose1d({ outChannels: 64, kernelSize: 3, groups: 2, seed: 1 }), 1 / Math.sqrt(3 * 32)],
    ] as const;
    for (const [layer, bound] of made) {
      tf.tidy(() => void layer.apply(tf.ones([1, 5, 8])));
      for (const weight of layer.getWeights()) {
        const largest = await tidied(async () => (await weight.abs().max().data())[0] as number);
        expect(largest).to.be.within(bound * 0.8, bound);
      }
      layer.dispose();
    }
    const [a, b, c] = await Promise.all(
      [1, 1, 2].map(async (seed) => {
        const layer = conv1d({ outChannels: 2, kernelSize: 3, seed, inputShape: [5, 2] });
        tf.tidy(() => void layer.apply(tf.ones([1, 5, 2])));
        const values = await Promise.all(layer.getWeights().map((weight) => weight.array()));
        layer.dispose();
        return values;
      }),
    );
    expect(a).to.deep.equal(b);
    expect(a).not.to.deep.equal(c);
  });
});

describe('arguments of a convolution', () => {
  const args = { outChannels: 4, kernelSize: 3 };
  const make1d = conv1d as (given: object) => tf.layers.Layer;
  const up2d = convTranspose2d as (given: object) => tf.layers.Layer;
  const cases: [run: () => unknown, type: typeof TypeError | typeof RangeError, text: string][] = [
    [
      () => make1d({ ...args, filters: 4 }),
      TypeError,
      'Conv1d: filters: expected a known argument, got unknown argument "filters". Use outChannels',
    ],
    [
      () => make1d({ ...args, dilation_rate: 4 }),
      TypeError,
      'Conv1d: dilation_rate: expected a known argument, got unknown argument "dilation_rate". Use dilation',
    ],
    [
      () => make1d({ ...args, activation: 'relu' }),
      TypeError,
      'got unknown argument "activation". Put tf.layers.activation behind the layer',
    ],
    [
      () => make1d({ ...args, padding_mode: 'reflect' }),
      TypeError,
      'got unknown argument "padding_mode". Zeros alone are padded',
    ],
    [
      () => make1d({ ...args, outputPadding: 1 }),
      TypeError,
      'Conv1d: outputPadding: expected one of outChannels, kernelSize, ',
    ],
    [
      () => make1d(3 as never),
      TypeError,
      'Conv1d: args: expected an object with named arguments, got 3. Pass { inChannels: 3 }',
    ],
    [
      () => make1d({ ...args, outChannels: 1e30 }),
      RangeError,
      'Conv1d: outChannels: expected weights of at most 1073741824 elements each, got weight of shape [1e+30, 1, 3]',
    ],
    [
      () => make1d({ ...args, padding: 1e30 }),
      RangeError,
      'Conv1d: padding: expected an integer <= 16777216, got 1e+30',
    ],
    [() => make1d({ ...args, stride: null }), TypeError, 'Conv1d: stride: expected an integer, or one for'],
    [() => make1d({ kernelSize: 3 }), TypeError, 'Conv1d: outChannels: expected an integer, got undefined'],
    [
      () => make1d({ outChannels: 4 }),
      TypeError,
      'Conv1d: kernelSize: expected an integer, or one for each of 1 axes, got undefined',
    ],
    [
      () => make1d({ ...args, kernelSize: [3, 3] }),
      RangeError,
      'Conv1d: kernelSize: expected 1 number, got [3, 3]',
    ],
    [
      () => make1d({ ...args, kernelSize: 0 }),
      RangeError,
      'Conv1d: kernelSize: expected an integer >= 1, got 0',
    ],
    [
      () => make1d({ ...args, stride: [2.5] }),
      RangeError,
      'Conv1d: stride[0]: expected an integer >= 1, got 2.5',
    ],
    [
      () => make1d({ ...args, padding: 'causal' }),
      RangeError,
      "Conv1d: padding: expected an integer, or one for each of 1 axes or 'same' or 'valid', got \"causal\"",
    ],
    [() => make1d({ ...args, padding: -1 }), RangeError, 'Conv1d: padding: expected an integer >= 0, got -1'],
    [
      () => make1d({ ...args, padding: 'same', stride: 2 }),
      RangeError,
      'Conv1d: padding: expected numbers beside a stride above 1, got "same". torch: padding=\'same\' is not supported for strided convolutions. Pass numbers',
    ],
    [
      () => make1d({ ...args, groups: 3 }),
      RangeError,
      'Conv1d: outChannels: expected a multiple of groups 3, got 4',
    ],
    [
      () => make1d({ ...args, groups: 2, inChannels: 3 }),
      RangeError,
      'Conv1d: inChannels: expected a multiple of groups 2, got 3',
    ],
    [
      () => make1d({ ...args, dataFormat: 'NHWC' }),
      RangeError,
      'Conv1d: dataFormat: expected one of channelsLast, channelsFirst, got "NHWC"',
    ],
    [
      () => up2d({ ...args, padding: 'same' }),
      RangeError,
      'ConvTranspose2d: padding: expected numbers, got "same". torch.nn.ConvTranspose has no words for it',
    ],
    [
      () => up2d({ ...args, outputPadding: [0, 1] }),
      RangeError,
      'ConvTranspose2d: outputPadding: expected numbers below 1, got 1. torch: output padding must be smaller than either stride or dilation',
    ],
  ];
  for (const [run, type, text] of cases)
    it(`are told: ${text}`, () => {
      expect(run).to.throw(type, text);
    });
});

describe('inputs of a convolution', () => {
  const x = (...shape: number[]) => tf.ones(shape);
  const cases: [layer: () => tf.layers.Layer, shape: number[], text: string][] = [
    [
      () => conv1d({ outChannels: 2, kernelSize: 3 }),
      [5, 2],
      'Conv1d: x: expected [B, T, C], got [5, 2]. An input without a batch needs one: tf.expandDims(x, 0)',
    ],
    [
      () => conv2d({ outChannels: 2, kernelSize: 3, dataFormat: 'channelsFirst' }),
      [1, 1, 5, 5, 2],
      'Conv2d: x: expected [B, C, H, W], got [1, 1, 5, 5, 2]',
    ],
    [
      () => conv1d({ outChannels: 2, kernelSize: 3, inChannels: 4 }),
      [1, 5, 2],
      "Conv1d: x: expected 4 channels, got [1, 5, 2]. With dataFormat 'channelsLast' they stand last",
    ],
    [
      () => conv1d({ outChannels: 2, kernelSize: 3, groups: 2 }),
      [1, 5, 3],
      'Conv1d: channels of x: expected a multiple of groups 2, got 3',
    ],
    [
      () => conv1d({ outChannels: 2, kernelSize: 3, padding: 1, dilation: 4 }),
      [1, 6, 3],
      "Conv1d: x: expected at least 7 steps along spatial axis 0, got 6. torch: Kernel size can't be greater than actual input size",
    ],
    [
      () => convTranspose1d({ outChannels: 2, kernelSize: 2, padding: 3 }),
      [1, 4, 3],
      'ConvTranspose1d: x: expected a longer input, or less padding, got [1, 4, 3]',
    ],
  ];
  for (const [make, shape, text] of cases)
    it(`are told: ${text}`, () => {
      expect(() => tf.tidy(() => void make().apply(x(...shape)))).to.throw(RangeError, text);
    });

  it('have the channels that the layer was built for', () => {
    const layers = [
      conv1d({ outChannels: 2, kernelSize: 3, groups: 2 }),
      convTranspose1d({ outChannels: 2, kernelSize: 3 }),
    ];
    for (const layer of layers) {
      tf.tidy(() => void layer.apply(x(1, 5, 4)));
      expect(() => tf.tidy(() => void layer.apply(x(1, 5, 6)))).to.throw(
        RangeError,
        '.apply: x: expected 4 channels, got [1, 5, 6]',
      );
      layer.dispose();
    }
  });

  it('may be those of a module with groups, which a file does not hold', () => {
    const depthwise = toStateDictOf([8, 1, 3]);
    const layer = conv1d({ outChannels: 8, kernelSize: 3, bias: false });
    loadStateDict(layer, depthwise);
    expect(() => tf.tidy(() => void layer.apply(x(1, 5, 4)))).to.throw(
      RangeError,
      'A module with groups=4 has weights of these shapes: pass groups: 4 where it is one',
    );
    expect(() => tf.tidy(() => void layer.apply(x(1, 5, 3)))).to.throw(RangeError, /stand last$/);
    const grouped = conv1d({ outChannels: 8, kernelSize: 3, bias: false, groups: 4 });
    loadStateDict(grouped, depthwise);
    tf.tidy(() => void expect((grouped.apply(x(1, 5, 4)) as tf.Tensor).shape).to.deep.equal([1, 3, 8]));
    const up = convTranspose1d({ outChannels: 6, kernelSize: 2, bias: false });
    expect(() => loadStateDict(up, toStateDictOf([4, 3, 2]))).to.throw(
      'The file fits groups=2: pass groups: 2.',
    );
    expect(() => loadStateDict(up, toStateDictOf([4, 4, 2])))
      .to.throw(StateDictError)
      .with.property('message')
      .that.does.not.include('groups');
    for (const each of [layer, grouped]) each.dispose();
  });

  it('are float32', () => {
    const layer = conv1d({ outChannels: 2, kernelSize: 1 });
    expect(() => tf.tidy(() => void layer.apply(tf.ones([1, 5, 4], 'int32')))).to.throw(
      TypeError,
      'Conv1d.apply: x: expected dtype float32, got int32. Convert it with tf.cast',
    );
    layer.dispose();
  });
});

/** A weight of this shape, as a file has it. */
function toStateDictOf(shape: readonly number[]): StateDict {
  return new Map([['weight', f32(shape)]]);
}
