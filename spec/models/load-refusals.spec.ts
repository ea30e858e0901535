import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../src/errors.js';
import { gru } from '../../src/index.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { below, f32 } from './torch-modules.js';

function linear(inputs = 5, outputs = 3): StateDict {
  return new Map([
    ['weight', f32([outputs, inputs])],
    ['bias', f32([outputs])],
  ]);
}

function sequential(): tf.Sequential {
  return tf.sequential({
    layers: [
      gru({ name: 'gru', hiddenSize: 3, inputShape: [4, 2] }),
      tf.layers.dense({ name: 'fc', units: 3 }),
    ],
  });
}

describe('loadStateDict, what it refuses', () => {
  before(() => tf.setBackend('cpu'));

  it('leaves a layer whose own build throws unbuilt, ready for another try', () => {
    const tensors = tf.memory().numTensors;
    const layer = tf.layers.conv2d({ filters: 3, kernelSize: 2, biasInitializer: 'orthogonal' });
    const stateDict = new Map([
      ['weight', f32([3, 5, 2, 2])],
      ['bias', f32([3])],
    ]);
    for (let attempt = 0; attempt < 2; attempt++) {
      expect(() => loadStateDict(layer, stateDict)).to.throw('Shape must be at least 2D.');
      expect([layer.built, layer.weights]).to.deep.equal([false, []]);
      expect(tf.memory().numTensors).to.equal(tensors);
    }
  });

  it('throws UnsupportedError for an unbuilt PReLU whose shared axes leave the rank of its input open', () => {
    for (const sharedAxes of [[2], [2, 3], [1, 3]]) {
      const layer = tf.layers.prelu({ name: 'act', sharedAxes } as object);
      expect(() => loadStateDict(layer, new Map([['weight', f32([3])]]))).to.throw(
        UnsupportedError,
        'loadStateDict: layer "act": expected a built layer or one with inputShape, got an unbuilt PReLU. ' +
          'A file does not hold the rank of the input of torch.nn.PReLU: pass inputShape, or apply the layer once before loading',
      );
      expect(layer.built).to.equal(false);
    }
  });

  it('throws UnsupportedError for a BatchNorm whose axis its inputShape does not have', () => {
    const layer = tf.layers.batchNormalization({ name: 'norm', axis: 3, inputShape: [4, 5] } as object);
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      'loadStateDict: layer "norm": expected axis to be one of an input of 3 dimensions, got 3. ' +
        'It is the axis of the channels, counted with the batch as 0',
    );
  });

  it('throws UnsupportedError for a class called like a property of every object', () => {
    class Odd extends tf.layers.Layer {
      static readonly className = 'constructor';
    }
    expect(refusal(new Odd({ name: 'odd' }))).to.throw(
      UnsupportedError,
      /got constructor\. Give its class a method/,
    );
  });

  it('throws UnsupportedError for a dtype that no weight can hold', () => {
    const bias = { dtype: 'F8_E4M3', shape: [3], data: new Uint8Array(3) } as const;
    expect(() => loadStateDict(tf.layers.dense({ units: 3 }), linear().set('bias', bias))).to.throw(
      UnsupportedError,
      'loadStateDict: tensor "bias": expected a real dtype of 16 bits or more, an integer or BOOL, got F8_E4M3. ' +
        'Convert it before saving, in Python: tensor.to(torch.float32)',
    );
  });

  it('throws UnsupportedError for weights that are not float32', () => {
    const layer = tf.layers.dense({ name: 'fc', units: 2, inputShape: [3], dtype: 'int32' });
    Object.assign(layer, { built: true });
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      'loadStateDict: layer "fc": expected a float32 weight "kernel", got none. Make it with tf.layers, without a dtype',
    );
  });

  const refusal = (layer: tf.layers.Layer) => () => loadStateDict(layer, new Map());

  it('throws UnsupportedError naming a layer that no torch module has, and what it knows', () => {
    const layer = tf.layers.separableConv2d({ name: 'separable', filters: 2, kernelSize: 2 });
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      'loadStateDict: layer "separable": expected one of Dense, Embedding, LayerNormalization, BatchNormalization, ' +
        "Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, PReLU, this package's layers, or a method torchParameters, " +
        'got SeparableConv2D. torch has two modules in its place: use conv2d({ groups }) of this package, as many groups ' +
        'as channels, and tf.layers.conv2d',
    );
  });

  it('points from tf.layers.gru and tf.layers.bidirectional to the layers of this package', () => {
    expect(refusal(tf.layers.gru({ units: 2 }))).to.throw(
      UnsupportedError,
      /got GRU\. tf\.layers\.gru resets before/,
    );
    const layer = tf.layers.bidirectional({ layer: tf.layers.simpleRNN({ units: 2 }) as tf.RNN });
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      /got Bidirectional\. Use bidirectional: true on a recurrent/,
    );
  });

  it('skips layers without weights in a model', () => {
    const model = tf.sequential({
      layers: [tf.layers.dropout({ rate: 0.5, inputShape: [3] }), tf.layers.dense({ name: 'fc', units: 3 })],
    });
    expect(loadStateDict(model, below('fc', linear(3))).loaded).to.deep.equal(['fc.weight', 'fc.bias']);
    model.dispose();
  });

  it('throws UnsupportedError for a LayerNorm that does not normalize the last axes', () => {
    const layer = tf.layers.layerNormalization({ name: 'norm', axis: 1, inputShape: [3, 4] } as object);
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      'loadStateDict: layer "norm": expected axis to list the last axes in order, got [1]. torch.nn.LayerNorm normalizes the last dimensions',
    );
  });

  it('throws UnsupportedError for scale and center that torch has no words for', () => {
    expect(refusal(tf.layers.batchNormalization({ name: 'norm', center: false }))).to.throw(
      UnsupportedError,
      'loadStateDict: layer "norm": expected scale and center alike, got scale: true, center: false. ' +
        "torch's affine switches both",
    );
    expect(refusal(tf.layers.layerNormalization({ name: 'norm', scale: false }))).to.throw(
      UnsupportedError,
      'loadStateDict: layer "norm": expected scale: true beside center: true, got scale: false. ' +
        'torch.nn.LayerNorm can lack the bias, but not the weight alone',
    );
  });

  it('throws UnsupportedError for an embedding of integers', () => {
    const layer = tf.layers.embedding({
      name: 'e',
      inputDim: 3,
      outputDim: 2,
      inputShape: [4],
      dtype: 'int32',
    });
    expect(refusal(layer)).to.throw(
      UnsupportedError,
      'loadStateDict: layer "e": expected dtype float32, got int32. It is the type of the vectors, not of the ids',
    );
  });

  it('throws TypeError unless it gets a layer, a StateDict and known options', () => {
    const layer = tf.layers.dense({ units: 3 });
    const load = loadStateDict as (...args: unknown[]) => unknown;
    const cases: [args: unknown[], text: string][] = [
      [
        [undefined, new Map()],
        'loadStateDict: layerOrModel: expected a tf.layers layer or model, or an object from module paths to them, got undefined',
      ],
      [
        [{ fc: {} }, new Map()],
        'loadStateDict: layers["fc"]: expected a tf.layers layer or model, or a tf.Variable, got Object',
      ],
      [
        [layer, { weight: 1 }],
        'loadStateDict: stateDict: expected a StateDict, a Map from key to tensor, got Object. readStateDict(source) makes one of a file, parseStateDict(bytes) of its bytes',
      ],
      [
        [layer, new Map(), { strip_prefix: 'module' }],
        'loadStateDict: strip_prefix: expected one of prefix, map, stripPrefix, strict, onWarnings, got unknown option "strip_prefix"',
      ],
      [[layer, new Map(), { strict: 1 }], 'loadStateDict: strict: expected a boolean, got 1'],
      [[layer, new Map(), { map: 3 }], 'loadStateDict: map: expected an object or a function, got 3'],
    ];
    for (const [args, text] of cases) expect(() => load(...args)).to.throw(TypeError, text);
  });

  it('throws RangeError for a module path with a dot at its end, wherever it is given', () => {
    const layer = tf.layers.dense({ name: 'fc', units: 3 });
    for (const [what, options] of [
      ['prefix', { prefix: 'a.' }],
      ['stripPrefix', { stripPrefix: 'a.' }],
      ['map["fc"]', { map: { fc: 'a.' } }],
    ] as const)
      expect(() => loadStateDict(layer, linear(), options)).to.throw(
        RangeError,
        `loadStateDict: ${what}: expected a module path without a dot at its end, such as "encoder.gru", got "a."`,
      );
  });

  it('throws TypeError for a map that is a Map, and for a key that is not a string', () => {
    const layer = tf.layers.dense({ name: 'fc', units: 3 });
    for (const [map, got] of [
      [new Map([['fc', 'a']]), 'Map'],
      [[['fc', 'a']], '[["fc", "a"]]'],
    ])
      expect(() => loadStateDict(layer, linear(), { map } as never)).to.throw(
        TypeError,
        `loadStateDict: map: expected an object or a function, got ${got}. Object.fromEntries makes an object of a Map`,
      );
    expect(() => loadStateDict(layer, new Map([[1, f32([3])]]) as never)).to.throw(
      TypeError,
      'loadStateDict: stateDict: expected keys that are strings, got 1',
    );
  });

  it('throws RangeError for a name in the map that no layer has', () => {
    const model = sequential();
    expect(() => loadStateDict(model, new Map(), { map: { gru: 'a', fcc: 'b' } })).to.throw(
      RangeError,
      'loadStateDict: map: expected names of layers ("gru", "fc"), got "fcc"',
    );
    model.dispose();
  });
});
