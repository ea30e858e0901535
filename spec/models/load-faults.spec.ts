import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { gru, gruCell } from '../../src/index.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { below, f32 } from './torch-modules.js';

/** I = 2, H = 3. */
function gruWeights(suffix = '_l0', inputs = 2): StateDict {
  return new Map([
    [`weight_ih${suffix}`, f32([9, inputs])],
    [`weight_hh${suffix}`, f32([9, 3])],
    [`bias_ih${suffix}`, f32([9])],
    [`bias_hh${suffix}`, f32([9])],
  ]);
}

function linear(inputs = 5, outputs = 3): StateDict {
  return new Map([
    ['weight', f32([outputs, inputs])],
    ['bias', f32([outputs])],
  ]);
}

function without(stateDict: StateDict, ...keys: string[]): StateDict {
  return new Map([...stateDict].filter(([key]) => !keys.includes(key)));
}

type Options = Parameters<typeof loadStateDict>[2];

function faultOf(layer: tf.layers.Layer, stateDict: StateDict, options?: Options): StateDictError {
  try {
    loadStateDict(layer, stateDict, options);
  } catch (error) {
    if (error instanceof StateDictError) return error;
    throw error;
  }
  throw new Error('the load did not fail');
}

const linesOf = (error: Error) => error.message.split('\n\t');

describe('loadStateDict, faults', () => {
  before(() => tf.setBackend('cpu'));

  it('begins as torch does, and lists missing, unexpected and misshapen keys at once', () => {
    const stateDict = without(gruWeights(), 'bias_ih_l0')
      .set('x.y', f32([1]))
      .set('bias_hh_l0', f32([14]));
    const error = faultOf(gru({ name: 'gru', hiddenSize: 3 }), stateDict);
    expect(error.message).to.equal(
      'Error(s) in loading state_dict for GRU:' +
        '\n\tMissing key(s) in state_dict: "bias_ih_l0". ' +
        '\n\tUnexpected key(s) in state_dict: "x.y". ' +
        '\n\tsize mismatch for bias_hh_l0: copying a param with shape [14] from checkpoint, the shape in current model is [9].' +
        '\n\tHint: Pass bias: false to layer "gru" if the module was made so.' +
        '\n\tHint: The module of layer "gru" has "x.y" as well, which torch.nn.GRU, LSTM or RNN has not: the PyTorch model ' +
        'has another class there, which may compute something else.',
    );
    expect(error.missing).to.deep.equal(['bias_ih_l0']);
    expect(error.unexpected).to.deep.equal(['x.y']);
    expect(error.mismatched).to.deep.equal(['bias_hh_l0']);
  });

  it('names keys as the file does, below the prefix', () => {
    const error = faultOf(tf.layers.dense({ units: 3 }), below('head.fc', without(linear(), 'bias')), {
      prefix: 'head.fc',
    });
    expect(error.missing).to.deep.equal(['head.fc.bias']);
  });

  it('names the argument that a missing or unexpected bias asks for', () => {
    const lacking = faultOf(tf.layers.dense({ name: 'fc', units: 3 }), without(linear(), 'bias'));
    expect(linesOf(lacking).at(-1)).to.equal(
      'Hint: Pass useBias: false to layer "fc" if the module was made so.',
    );
    const excess = faultOf(tf.layers.dense({ name: 'fc', units: 3, useBias: false }), linear());
    expect(linesOf(excess).at(-1)).to.equal(
      'Hint: Pass useBias: true to layer "fc" if the module was made so.',
    );
  });

  it('names the arguments that unexpected recurrent weights ask for', () => {
    const lastLine = (layer: tf.layers.Layer, stateDict: StateDict) =>
      linesOf(faultOf(layer, stateDict)).at(-1);
    const both = new Map([...gruWeights(), ...gruWeights('_l0_reverse')]);
    expect(lastLine(gru({ name: 'gru', hiddenSize: 3 }), both)).to.match(
      /^Hint: Pass bidirectional: true to/,
    );
    const deep = new Map([...gruWeights(), ...gruWeights('_l1', 3)]);
    expect(lastLine(gru({ name: 'gru', hiddenSize: 3 }), deep)).to.match(/^Hint: Pass numLayers: 2 to/);
    const oneWay = gru({ name: 'gru', hiddenSize: 3, bidirectional: true });
    expect(lastLine(oneWay, gruWeights())).to.match(/^Hint: Pass bidirectional: false to/);
    const twoLayers = gru({ name: 'gru', hiddenSize: 3, numLayers: 2 });
    expect(lastLine(twoLayers, gruWeights())).to.match(/^Hint: Pass numLayers: 1 to/);
    const noBias = gru({ name: 'gru', hiddenSize: 3, bias: false });
    expect(lastLine(noBias, gruWeights())).to.match(/^Hint: Pass bias: true to/);
  });

  it('says that an [I, 3H] weight_ih is transposed, and asks where I is not known', () => {
    const stateDict = gruWeights().set('weight_ih_l0', f32([2, 9]));
    const [, line] = linesOf(faultOf(gru({ hiddenSize: 3 }), stateDict));
    expect(line).to.equal(
      'size mismatch for weight_ih_l0: copying a param with shape [2, 9] from checkpoint, ' +
        'the shape in current model is [9, ?]. Is it transposed?',
    );
    const known = linesOf(faultOf(gru({ hiddenSize: 3, inputSize: 2 }), stateDict))[1];
    expect(known).to.match(/model is \[9, 2\]\. Its sizes are exchanged: the weight is transposed/);
  });

  it('says how many layers the file has', () => {
    const numLayers = (own: number, last: number) => {
      const later = Array.from({ length: last }, (_, i) => [...gruWeights(`_l${i + 1}`, 3)]).flat();
      const layer = gru({ name: 'gru', hiddenSize: 3, numLayers: own });
      return linesOf(faultOf(layer, new Map([...gruWeights(), ...later]))).filter((line) =>
        /^Hint/.test(line),
      );
    };
    expect(numLayers(1, 3)).to.deep.equal([
      'Hint: Pass numLayers: 4 to layer "gru" if the module was made so.',
    ]);
    expect(numLayers(4, 1)).to.deep.equal([
      'Hint: Pass numLayers: 2 to layer "gru" if the module was made so.',
    ]);
  });

  const LEAVE_OUT =
    'Hint: No layer takes them. Where the model here leaves these modules out on purpose, and its numbers do not depend on ' +
    'them, pass strict: false.';

  it('says how to load part of a file where other modules are in it, and nothing else is wrong', () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ name: 'fc', units: 3, inputShape: [5] })] });
    const lines = (stateDict: StateDict) => linesOf(faultOf(model, stateDict));
    const more = new Map([...below('fc', linear()), ...below('head', linear())]);
    expect(lines(more).slice(2)).to.deep.equal([LEAVE_OUT]);
    expect(lines(without(more, 'fc.bias')).join()).not.to.contain('strict');
    expect(lines(more.set('fc.bias', f32([4]))).join()).not.to.contain('strict');
    model.dispose();
  });

  it('never offers strict: false for parameters that the class of a loaded module has not', () => {
    const custom = new Map([
      ...[...gruWeights()].map(([key, tensor]) => [key.replace('_l0', ''), tensor] as const),
      ...below('layernorm_i', new Map([['weight', f32([9])]])),
      ['weight_ch', f32([3])] as const,
    ]);
    for (const [layer, file, name] of [
      [gruCell({ name: 'cell', hiddenSize: 3 }), custom, 'torch.nn.GRUCell, LSTMCell or RNNCell'],
      [
        tf.layers.dense({ name: 'cell', units: 3 }),
        linear().set('lora_A.weight', f32([1, 5])),
        'torch.nn.Linear',
      ],
    ] as const) {
      const lines = linesOf(faultOf(layer, file));
      expect(lines.join()).not.to.contain('strict');
      expect(lines.at(-1))
        .to.match(/^Hint: The module of layer "cell" has ".*" (?:and 1 more )?as well, which /)
        .and.contain(`which ${name} has not: the PyTorch model has another class there`);
    }
  });

  it('recognises an LSTM by its gates', () => {
    const lstm = new Map([...gruWeights()].map(([key, { shape }]) => [key, f32([12, ...shape.slice(1)])]));
    const hints = linesOf(faultOf(gru({ hiddenSize: 3 }), lstm)).filter((line) => /as torch/.test(line));
    expect(hints).to.deep.equal([
      'size mismatch for weight_hh_l0: copying a param with shape [12, 3] from checkpoint, the shape in current model is [9, 3]. ' +
        'weight_hh_l0 [12, 3] has 4 blocks of rows, as torch.nn.LSTM has; torch.nn.GRU has 3.',
    ]);
  });

  it('distinguishes the keys of a cell, and a projection, from those of a GRU', () => {
    const cell = new Map([...gruWeights()].map(([key, tensor]) => [key.replace('_l0', ''), tensor]));
    expect(linesOf(faultOf(gru({ hiddenSize: 3 }), cell)).at(-1)).to.match(/^Hint: "weight_ih" is of a cell/);
    const projected = gruWeights().set('weight_hr_l0', f32([3, 3]));
    expect(linesOf(faultOf(gru({ hiddenSize: 3 }), projected)).at(-1)).to.match(
      /^Hint: "weight_hr_l0" is a projection/,
    );
  });

  it('takes no empty tensor for the size of an input that is not known', () => {
    const error = faultOf(gru({ hiddenSize: 3 }), gruWeights('_l0', 0));
    expect(linesOf(error)[1]).to.equal(
      'size mismatch for weight_ih_l0: copying a param with shape [9, 0] from checkpoint, the shape in current model is [9, ?].',
    );
  });

  it('names a second model in the file that fits as well', () => {
    const two = new Map([...below('module', linear()), ...below('model', linear())]);
    expect(linesOf(faultOf(tf.layers.dense({ units: 3 }), two)).slice(2)).to.deep.equal([
      'Hint: Keys were taken below "module", and as many fit below "model". The file does not tell which is meant: ' +
        'pass prefix: "module" or prefix: "model".',
    ]);
  });

  it('compares an unbuilt layer with its inputShape where it has one', () => {
    const error = faultOf(tf.layers.dense({ units: 3, inputShape: [7] }), linear());
    expect(linesOf(error)[1]).to.equal(
      'size mismatch for weight: copying a param with shape [3, 5] from checkpoint, the shape in current model is [3, 7].',
    );
  });

  it('points to the module below which all keys are', () => {
    const whole = new Map([...below('encoder.gru', gruWeights()), ...below('fc', linear())]);
    const single = faultOf(gru({ hiddenSize: 3 }), whole);
    expect(linesOf(single).at(-1)).to.equal(
      'Hint: The missing keys are there below another path: pass prefix: "encoder.gru".',
    );
    const wrong = faultOf(gru({ hiddenSize: 3 }), whole, { prefix: 'encoder.rnn' });
    expect(wrong.missing[0]).to.equal('encoder.rnn.weight_ih_l0');
    expect(linesOf(wrong).at(-1)).to.match(/pass prefix: "encoder\.gru"\.$/);
    const twice = new Map([...below('a', gruWeights()), ...below('b', gruWeights())]);
    expect(linesOf(faultOf(gru({ hiddenSize: 3 }), twice)).at(-1)).to.match(/prefix: "a" or prefix: "b"\.$/);
  });

  it('points to the modules inside the one that the prefix names, and calls none of them unexpected', () => {
    const paths = ['rnns.10', 'rnns.9', 'block1.rnn.b', 'block1.rnn.a'];
    const file = new Map(paths.flatMap((path) => [...below(path, gruWeights())]));
    const error = faultOf(gru({ hiddenSize: 3 }), file, { prefix: 'block1.rnn' });
    expect(error.unexpected).to.deep.equal([]);
    expect(linesOf(error).at(-1)).to.equal(
      'Hint: The missing keys are there below 4 other paths, and the file does not tell which is meant: ' +
        'pass prefix: "block1.rnn.a" or prefix: "block1.rnn.b" or prefix: "rnns.9", or another of the 4.',
    );
  });

  it('says that two layers have one name, whether both fit the module or not', () => {
    const layer = (units: number, inputs: number) =>
      tf.layers.dense({ name: 'fc', units, inputShape: [inputs] });
    const model = tf.sequential({ layers: [layer(3, 5), layer(2, 3)] });
    for (const layers of [model, tf.sequential({ layers: [layer(3, 3), layer(3, 3)] })]) {
      expect(() => loadStateDict(layers, below('fc', linear()))).to.throw(
        RangeError,
        'loadStateDict: "fc.weight": expected one layer, got "fc" and "fc". Name each as its own module',
      );
      layers.dispose();
    }
  });

  it('points to a module that would fit a layer of another name', () => {
    const model = sequential();
    const renamed = new Map([...below('rnn', gruWeights()), ...below('fc', linear(3))]);
    const error = faultOf(model, renamed);
    expect(linesOf(error)[0]).to.equal('Error(s) in loading state_dict for Sequential:');
    expect(linesOf(error).at(-1)).to.equal(
      'Hint: Layers match modules by name, and some have another name in the file. ' +
        'By shapes this alone fits: name the layers so, or pass map: { "gru": "rnn" }.',
    );
    model.dispose();
  });

  it('recognises names that Keras gave', () => {
    const error = faultOf(gru({ hiddenSize: 3 }), new Map([['gru/recurrent_kernel:0', f32([3, 9])]]));
    expect(linesOf(error).at(-1)).to.match(/^Hint: "gru\/recurrent_kernel:0" is a name Keras gives;/);
  });

  it('says how to give PReLU as many values as the module has', () => {
    const prelu = (args: object) => tf.layers.prelu({ name: 'act', ...args } as object);
    const stateDict = new Map([['weight', f32([7])]]);
    expect(linesOf(faultOf(prelu({ inputShape: [3, 4] }), stateDict))[1]).to.equal(
      'size mismatch for weight: copying a param with shape [7] from checkpoint, the shape in current model is [4]. ' +
        `layer "act": alpha has 12 values, torch.nn.PReLU's weight 7. Pass sharedAxes: [1] to tf.layers.prelu for one value per channel.`,
    );
    const perChannel = faultOf(prelu({ inputShape: [3, 4], sharedAxes: [1] }), stateDict);
    expect(linesOf(perChannel)[1]).to.match(/the shape in current model is \[4\]\.$/);
  });

  it('throws a shape mismatch with strict: false, too', () => {
    const stateDict = linear().set('bias', f32([4]));
    const error = faultOf(tf.layers.dense({ units: 3 }), stateDict, { strict: false });
    expect(error.mismatched).to.deep.equal(['bias']);
  });

  it('throws with strict: false when the tensor that an unbuilt layer is built from is missing', () => {
    const error = faultOf(tf.layers.dense({ units: 3 }), new Map([['bias', f32([3])]]), { strict: false });
    expect(error.missing).to.deep.equal(['weight']);
  });
});

function sequential(): tf.Sequential {
  return tf.sequential({
    layers: [
      gru({ name: 'gru', hiddenSize: 3, inputShape: [4, 2] }),
      tf.layers.dense({ name: 'fc', units: 3 }),
    ],
  });
}

describe('loadStateDict, all or nothing', () => {
  before(() => tf.setBackend('cpu'));

  const good = () => new Map([...below('gru', gruWeights()), ...below('fc', linear(3))]);
  const complex = { dtype: 'C64', shape: [3], data: new Float32Array(6) } as const;
  const cases: Record<string, StateDict> = {
    'a missing key': without(good(), 'fc.bias'),
    'an unexpected key': good().set('fc.weight_g', f32([3])),
    'a misshapen tensor': good().set('fc.bias', f32([4])),
    'a complex dtype': good().set('fc.bias', complex),
    'an entry that is not a tensor': good().set('fc.bias', {} as never),
    'data shorter than its shape': good().set('fc.bias', { ...f32([2]), shape: [3] }),
  };

  for (const [fault, stateDict] of Object.entries(cases)) {
    it(`changes no weight and makes no tensor on ${fault} in the last layer`, async () => {
      const model = sequential();
      const read = () => Promise.all(model.getWeights().map(async (tensor) => [...(await tensor.data())]));
      const before = await read();
      const tensors = tf.memory().numTensors;
      expect(() => loadStateDict(model, stateDict)).to.throw();
      expect(tf.memory().numTensors).to.equal(tensors);
      expect(await read()).to.deep.equal(before);
      loadStateDict(model, good());
      expect(await read()).to.not.deep.equal(before);
      model.dispose();
    });
  }

  it('leaves an unbuilt layer unbuilt on every fault', () => {
    const faulty: StateDict[] = [
      without(linear(), 'bias'),
      linear().set('bias', f32([4])),
      linear().set('bias', complex),
    ];
    const tensors = tf.memory().numTensors;
    for (const stateDict of faulty) {
      const layer = tf.layers.dense({ units: 3 });
      expect(() => loadStateDict(layer, stateDict)).to.throw();
      expect(layer.built).to.equal(false);
      expect(layer.weights).to.deep.equal([]);
    }
    expect(tf.memory().numTensors).to.equal(tensors);
  });
});
