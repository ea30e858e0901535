import { expect } from 'chai';
import { show } from '../../../src/check.js';
import {
  batchNorm,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  embedding,
  type GRU,
  groupNorm,
  gru,
  gruCell,
  instanceNorm1d,
  lstm,
  lstmCell,
  rnn,
  rnnCell,
} from '../../../src/index.js';

type Factory = (...args: unknown[]) => GRU;

const FACTORIES: Readonly<Record<string, unknown>> = {
  gru,
  lstm,
  rnn,
  gruCell,
  lstmCell,
  rnnCell,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  embedding,
  batchNorm,
  groupNorm,
  instanceNorm1d,
};

/** By the factory's name: torch's positional arguments, and what they are here. */
const CALLS: Readonly<Record<string, readonly [unknown[], Record<string, unknown>]>> = {
  gru: [[5, 6], { inputSize: 5, hiddenSize: 6 }],
  lstm: [
    [5, 6, 2, true, true, 0, false, 3],
    {
      inputSize: 5,
      hiddenSize: 6,
      numLayers: 2,
      bias: true,
      batchFirst: true,
      dropout: 0,
      bidirectional: false,
      projSize: 3,
    },
  ],
  rnn: [[5, 6, 1, 'relu'], { inputSize: 5, hiddenSize: 6, numLayers: 1, nonlinearity: 'relu' }],
  gruCell: [[5, 6, false], { inputSize: 5, hiddenSize: 6, bias: false }],
  lstmCell: [[5, 6], { inputSize: 5, hiddenSize: 6 }],
  embedding: [[9, 3, 0], { numEmbeddings: 9, embeddingDim: 3, paddingIdx: 0 }],
  conv1d: [[3, 4, 5], { inChannels: 3, outChannels: 4, kernelSize: 5 }],
  conv2d: [
    [3, 4, [2, 3], 1, 1],
    { inChannels: 3, outChannels: 4, kernelSize: [2, 3], stride: 1, padding: 1 },
  ],
  convTranspose1d: [
    [3, 4, 5, 2, 1, 1],
    { inChannels: 3, outChannels: 4, kernelSize: 5, stride: 2, padding: 1, outputPadding: 1 },
  ],
  convTranspose2d: [[3, 4, 5], { inChannels: 3, outChannels: 4, kernelSize: 5 }],
  batchNorm: [[4], { numFeatures: 4 }],
  groupNorm: [[2, 4], { numGroups: 2, numChannels: 4 }],
  instanceNorm1d: [[4, 1e-5, 0.1, true], { numFeatures: 4, eps: 0.00001, momentum: 0.1, affine: true }],
  rnnCell: [[5, 6, true, 'relu'], { inputSize: 5, hiddenSize: 6, bias: true, nonlinearity: 'relu' }],
};

describe("torch's positional arguments", () => {
  for (const [name, [positional, named]] of Object.entries(CALLS)) {
    it(`of ${name} are refused with the object to pass, which has their meaning`, () => {
      const factory = FACTORIES[name] as Factory;
      const list = Object.entries(named).map(([key, value]) => `${key}: ${show(value)}`);
      expect(() => factory(...positional)).to.throw(TypeError, `. Pass { ${list.join(', ')} }`);
      // One number stands for every axis of a kernel.
      const config = factory(named).getConfig();
      for (const [key, value] of Object.entries(named))
        expect([config[key]].flat()[0], key).to.deep.equal([value].flat()[0]);
    });
  }

  it('are one, where torch needs more', () => {
    expect(() => (gru as unknown as Factory)(5)).to.throw(
      TypeError,
      'GRU: args: expected an object with named arguments, got 5. Pass { inputSize: 5 }',
    );
  });
});
