/** Any option of the public functions that is given nothing, or something else, gets an error that names it. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import * as library from '../src/index.js';
import { f32 } from './models/torch-modules.js';

const {
  batchNorm,
  conv1d,
  convTranspose2d,
  embedding,
  groupNorm,
  gru,
  gruCell,
  lastStep,
  lengthMask,
  loadStateDict,
  lstm,
  maskedMean,
  parseStateDict,
  readStateDict,
  rnn,
  setNative,
  setThreads,
  toStateDict,
  writeSafetensors,
} = library;

/** No option takes all of them; what one does take stands beside its name. */
const VALUES: Readonly<Record<string, unknown>> = {
  0: 0,
  null: null,
  "''": '',
  NaN: Number.NaN,
  1.5: 1.5,
  '-1': -1,
  Infinity: Number.POSITIVE_INFINITY,
  true: true,
  '[]': [],
  '{}': {},
  '?': '?',
  function: () => 0,
};

const STATE_DICT: library.StateDict = new Map([
  ['weight_ih_l0', f32([6, 3])],
  ['weight_hh_l0', f32([6, 2])],
  ['bias_ih_l0', f32([6])],
  ['bias_hh_l0', f32([6])],
]);
const BYTES = writeSafetensors(STATE_DICT);
const x = () => tf.zeros([2, 4, 3]);
const built = () => {
  const layer = gru({ hiddenSize: 2, stateful: true });
  layer.ensureBuilt(3);
  return layer;
};

const TF_LAYER = {
  inputShape: ['[]'],
  batchInputShape: ['[]'],
  batchSize: [],
  dtype: [],
  name: [],
  trainable: ['true'],
  weights: [],
  inputDType: [],
};
const MODULE = {
  hiddenSize: [],
  inputSize: [],
  bias: ['true'],
  seed: ['0'],
  implementation: [],
  ...TF_LAYER,
};

const CONVOLUTION = {
  outChannels: [],
  kernelSize: [],
  inChannels: [],
  stride: [],
  dilation: [],
  groups: [],
  bias: ['true'],
  dataFormat: [],
  seed: ['0'],
  ...TF_LAYER,
  weights: ['[]'],
};
const NORM = { eps: ['0', '1.5'], affine: ['true'], dataFormat: [], ...TF_LAYER, weights: ['[]'] };

interface Target {
  readonly call: (options: never) => unknown;
  /** The values that each option takes. */
  readonly options: Readonly<Record<string, readonly string[]>>;
}

const TARGETS: Readonly<Record<string, Target>> = {
  GRU: {
    call: (options: object) => gru({ hiddenSize: 2, ...options }),
    options: {
      ...MODULE,
      numLayers: [],
      batchFirst: ['true'],
      dropout: ['0'],
      bidirectional: ['true'],
      returnSequences: ['true'],
      returnState: ['true'],
      stateful: ['true'],
      // An empty list is of no weights, which is refused when the layer is built.
      weights: ['[]'],
    },
  },
  LSTM: { call: (options: object) => lstm({ hiddenSize: 2, ...options }), options: { projSize: ['0'] } },
  RNN: { call: (options: object) => rnn({ hiddenSize: 2, ...options }), options: { nonlinearity: [] } },
  GRUCell: {
    call: (options: object) => gruCell({ hiddenSize: 2, ...options }),
    options: { ...MODULE, hiddenSize: ['0'], weights: ['[]'] },
  },
  Conv1d: {
    call: (options: object) => conv1d({ outChannels: 2, kernelSize: 3, ...options }),
    options: { ...CONVOLUTION, padding: ['0'] },
  },
  ConvTranspose2d: {
    call: (options: object) => convTranspose2d({ outChannels: 2, kernelSize: 3, ...options }),
    options: { ...CONVOLUTION, padding: ['0'], outputPadding: ['0'] },
  },
  Embedding: {
    call: (options: object) => embedding({ numEmbeddings: 2, embeddingDim: 3, paddingIdx: 0, ...options }),
    options: {
      numEmbeddings: [],
      embeddingDim: [],
      paddingIdx: ['0', '-1'],
      maskPadding: ['true'],
      seed: ['0'],
      ...TF_LAYER,
      weights: ['[]'],
    },
  },
  BatchNorm: {
    call: (options: object) => batchNorm({ ...options }),
    options: { ...NORM, numFeatures: [], momentum: ['0'], trackRunningStats: ['true'] },
  },
  GroupNorm: {
    call: (options: object) => groupNorm({ numGroups: 1, ...options }),
    options: { ...NORM, numGroups: [], numChannels: [] },
  },
  LengthMask: { call: lengthMask, options: { ...TF_LAYER, weights: ['[]'] } },
  LastStep: { call: lastStep, options: { ...TF_LAYER, weights: ['[]'] } },
  'GRU.forward': {
    call: (options: object) => built().forward(x(), options),
    options: { h0: ['null'], lengths: ['null'], training: ['true'] },
  },
  'GRU.apply': {
    call: (options: object) => built().apply(x(), options),
    options: { lengths: ['null'], training: ['null', 'true'], mask: ['null', '[]'] },
  },
  'GRU.resetStates': {
    call: (options: object) => built().resetStates(undefined, options),
    options: { rows: ['[]'] },
  },
  'MaskedMean.apply': {
    call: (options: object) => maskedMean().apply(x(), options),
    options: { lengths: ['null'], training: ['null', 'true'], mask: ['null', '[]'] },
  },
  'GRU.fromStateDict': {
    call: (options: object) => library.GRU.fromStateDict(STATE_DICT, options),
    options: {
      prefix: ["''"],
      onWarnings: ['function'],
      batchFirst: ['true'],
      hiddenSize: [],
      bias: ['true'],
    },
  },
  parseStateDict: {
    call: (options: object) => parseStateDict(BYTES, options),
    options: { format: [], limits: ['{}'], path: ['[]'], select: [], onReport: ['function'] },
  },
  readStateDict: {
    call: (options: object) => readStateDict(BYTES, options),
    options: { signal: [], onProgress: ['function'], sha256: [], onReport: ['function'] },
  },
  loadStateDict: {
    call: (options: object) => loadStateDict(built(), STATE_DICT, options),
    options: {
      prefix: ["''"],
      map: ['{}', 'function'],
      stripPrefix: ["''"],
      strict: ['true'],
      onWarnings: ['function'],
    },
  },
  toStateDict: {
    call: (options: object) => toStateDict(built(), options),
    options: { prefix: ["''", '?'], map: ['{}', 'function'] },
  },
  setNative: { call: ({ isOn }: { isOn: never }) => setNative(isOn), options: { isOn: ['true'] } },
  setThreads: { call: ({ count }: { count: never }) => setThreads(count), options: { count: [] } },
};

const FORM = /: .+: expected .+, got /s;

describe('options of the public functions', () => {
  let warn = console.warn;
  before(async () => {
    await tf.setBackend('cpu');
    ({ warn } = console);
    console.warn = () => {};
  });
  after(() => {
    console.warn = warn;
  });

  for (const [where, { call, options }] of Object.entries(TARGETS))
    for (const [name, accepted] of Object.entries(options))
      it(`${where} takes for ${name} what is right alone`, async () => {
        for (const [label, value] of Object.entries(VALUES)) {
          const error = await errorOf(() => call({ [name]: value } as never));
          if (accepted.includes(label)) continue;
          expect(error, `${name}: ${label}`).to.be.instanceOf(Error);
          const { message } = error as Error;
          expect((error as Error).constructor, `${name}: ${label}: ${message}`).to.be.oneOf([
            TypeError,
            RangeError,
            library.StateDictError,
            library.UnsupportedError,
          ]);
          if (!(error instanceof library.StateDictError)) expect(message).to.match(FORM);
        }
      });
});

async function errorOf(body: () => unknown): Promise<unknown> {
  try {
    await body();
    return undefined;
  } catch (error) {
    return error;
  }
}
