import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  type BatchNormArgs,
  batchNorm,
  type ConvArgs,
  type ConvTransposeArgs,
  conv1d,
  convTranspose2d,
  type EmbeddingArgs,
  embedding,
  type ForwardOptions,
  type FromStateDictOptions,
  GRU,
  type GRUArgs,
  type GRUCellArgs,
  type GRUForwardOptions,
  type GroupNormArgs,
  groupNorm,
  gru,
  gruCell,
  type InstanceNorm1dArgs,
  instanceNorm1d,
  type LoadOptions,
  type LSTMArgs,
  type LSTMCellInitialState,
  type LSTMForwardOptions,
  loadStateDict,
  lstm,
  lstmCell,
  type ParseOptions,
  parseStateDict,
  type ReadLimits,
  type ReadOptions,
  type RecurrentCallArgs,
  type RNNArgs,
  type RNNCellArgs,
  type RNNForwardOptions,
  readStateDict,
  rnn,
  rnnCell,
  type ToStateDictOptions,
  toStateDict,
  writeSafetensors,
} from '../src/index.js';
import { type KerasLoadOptions, loadKerasModel } from '../src/keras/index.js';
import { expectSame } from './support/expect-same.js';
import { tidied } from './support/tidied.js';

type OptionalName<T> = { [Name in keyof T]-?: object extends Pick<T, Name> ? Name : never }[keyof T];

/** Every optional property of T, as undefined: the type checker refuses a list that lacks one. */
type AllUndefined<T> = { readonly [Name in OptionalName<T>]: undefined };

const LAYER_ARGS: AllUndefined<NonNullable<ConstructorParameters<typeof tf.layers.Layer>[0]>> = {
  inputShape: undefined,
  batchInputShape: undefined,
  batchSize: undefined,
  dtype: undefined,
  name: undefined,
  trainable: undefined,
  weights: undefined,
  inputDType: undefined,
};
const GRU_ARGS: AllUndefined<GRUArgs> = {
  ...LAYER_ARGS,
  inputSize: undefined,
  numLayers: undefined,
  bias: undefined,
  batchFirst: undefined,
  dropout: undefined,
  bidirectional: undefined,
  returnSequences: undefined,
  returnState: undefined,
  stateful: undefined,
  seed: undefined,
  implementation: undefined,
};
const LSTM_ARGS: AllUndefined<LSTMArgs> = { ...GRU_ARGS, projSize: undefined };
const RNN_ARGS: AllUndefined<RNNArgs> = { ...GRU_ARGS, nonlinearity: undefined };
const CELL_ARGS: AllUndefined<GRUCellArgs> = {
  ...LAYER_ARGS,
  inputSize: undefined,
  bias: undefined,
  seed: undefined,
  implementation: undefined,
};
const RNN_CELL_ARGS: AllUndefined<RNNCellArgs> = { ...CELL_ARGS, nonlinearity: undefined };
const CONV_ARGS: AllUndefined<ConvArgs> = {
  ...LAYER_ARGS,
  inChannels: undefined,
  stride: undefined,
  padding: undefined,
  dilation: undefined,
  groups: undefined,
  bias: undefined,
  dataFormat: undefined,
  seed: undefined,
};
const CONV_TRANSPOSE_ARGS: AllUndefined<ConvTransposeArgs> = { ...CONV_ARGS, outputPadding: undefined };
const EMBEDDING_ARGS: AllUndefined<EmbeddingArgs> = {
  ...LAYER_ARGS,
  paddingIdx: undefined,
  maskPadding: undefined,
  seed: undefined,
};
const NORM_ARGS = { ...LAYER_ARGS, eps: undefined, affine: undefined, dataFormat: undefined };
const GROUP_NORM_ARGS: AllUndefined<GroupNormArgs> = { ...NORM_ARGS, numChannels: undefined };
const BATCH_NORM_ARGS: AllUndefined<BatchNormArgs> = {
  ...NORM_ARGS,
  numFeatures: undefined,
  momentum: undefined,
  trackRunningStats: undefined,
};
const INSTANCE_NORM_ARGS: AllUndefined<InstanceNorm1dArgs> = BATCH_NORM_ARGS;
const FORWARD: AllUndefined<ForwardOptions> = { lengths: undefined, training: undefined };
const GRU_FORWARD: AllUndefined<GRUForwardOptions> & AllUndefined<RNNForwardOptions> = {
  ...FORWARD,
  h0: undefined,
};
const LSTM_FORWARD: AllUndefined<LSTMForwardOptions> = { ...GRU_FORWARD, c0: undefined };
const CALL: AllUndefined<RecurrentCallArgs> = { ...FORWARD, mask: undefined };
const LSTM_CELL_STATE: AllUndefined<LSTMCellInitialState> = { h: undefined, c: undefined };
const LIMITS: AllUndefined<ReadLimits> = {
  maxHeaderBytes: undefined,
  maxTensors: undefined,
  maxTensorBytes: undefined,
  maxExpansion: undefined,
  maxEntries: undefined,
  maxBytes: undefined,
  maxPickleBytes: undefined,
};
const PARSE: AllUndefined<ParseOptions> = {
  format: undefined,
  limits: undefined,
  path: undefined,
  select: undefined,
  onReport: undefined,
};
const READ: AllUndefined<ReadOptions> = {
  ...PARSE,
  signal: undefined,
  onProgress: undefined,
  sha256: undefined,
  headers: undefined,
  fetch: undefined,
};
const LOAD: AllUndefined<LoadOptions> = {
  prefix: undefined,
  map: undefined,
  stripPrefix: undefined,
  strict: undefined,
  onWarnings: undefined,
};
const EXPORT: AllUndefined<ToStateDictOptions> = { prefix: undefined, map: undefined };
const FROM: AllUndefined<FromStateDictOptions<GRUArgs>> = {
  ...GRU_ARGS,
  hiddenSize: undefined,
  prefix: undefined,
  onWarnings: undefined,
};
const KERAS: AllUndefined<KerasLoadOptions> = {
  requestInit: undefined,
  onProgress: undefined,
  fetchFunc: undefined,
  weightPathPrefix: undefined,
  weightUrlConverter: undefined,
};

/** What a layer is made of, but the name that tfjs counts up. */
function settings(layer: tf.layers.Layer): tf.serialization.ConfigDict {
  const { name: _, ...config } = layer.getConfig();
  return config;
}

/** A state_dict of a GRU(3, 4). */
async function gruStateDict() {
  const layer = gru({ hiddenSize: 4, inputSize: 3, seed: 1 });
  layer.apply(tf.input({ shape: [1, 3] }));
  const stateDict = await toStateDict(layer);
  layer.dispose();
  return stateDict;
}

describe('an option that is undefined', () => {
  const made = [
    [gru({ hiddenSize: 4 }), gru({ ...GRU_ARGS, hiddenSize: 4 })],
    [lstm({ hiddenSize: 4 }), lstm({ ...LSTM_ARGS, hiddenSize: 4 })],
    [rnn({ hiddenSize: 4 }), rnn({ ...RNN_ARGS, hiddenSize: 4 })],
    [gruCell({ hiddenSize: 4 }), gruCell({ ...CELL_ARGS, hiddenSize: 4 })],
    [lstmCell({ hiddenSize: 4 }), lstmCell({ ...CELL_ARGS, hiddenSize: 4 })],
    [rnnCell({ hiddenSize: 4 }), rnnCell({ ...RNN_CELL_ARGS, hiddenSize: 4 })],
    [conv1d({ outChannels: 4, kernelSize: 3 }), conv1d({ ...CONV_ARGS, outChannels: 4, kernelSize: 3 })],
    [
      convTranspose2d({ outChannels: 4, kernelSize: 3 }),
      convTranspose2d({ ...CONV_TRANSPOSE_ARGS, outChannels: 4, kernelSize: 3 }),
    ],
    [
      embedding({ numEmbeddings: 4, embeddingDim: 3 }),
      embedding({ ...EMBEDDING_ARGS, numEmbeddings: 4, embeddingDim: 3 }),
    ],
    [groupNorm({ numGroups: 2 }), groupNorm({ ...GROUP_NORM_ARGS, numGroups: 2 })],
    [instanceNorm1d(), instanceNorm1d(INSTANCE_NORM_ARGS)],
    [batchNorm(), batchNorm(BATCH_NORM_ARGS)],
  ] as const;
  for (const [plain, given] of made)
    it(`of ${plain.getClassName()} is its default`, () => {
      expect(settings(given)).to.deep.equal(settings(plain));
      expect(given.trainable).to.equal(plain.trainable);
      expect(given.name).to.match(new RegExp(`^${plain.name.replace(/_?\d+$/, '')}`));
    });

  it('of a call is as left out', async () => {
    await tidied(async () => {
      const x = tf.randomNormal([2, 5, 3], 0, 1, 'float32', 1);
      const layers = {
        gru: gru({ hiddenSize: 4 }),
        lstm: lstm({ hiddenSize: 4 }),
        rnn: rnn({ hiddenSize: 4 }),
      };
      await expectSame(layers.gru.forward(x, GRU_FORWARD).hn, layers.gru.forward(x).hn);
      await expectSame(layers.rnn.forward(x, GRU_FORWARD).hn, layers.rnn.forward(x).hn);
      await expectSame(layers.lstm.forward(x, LSTM_FORWARD).cn, layers.lstm.forward(x).cn);
      await expectSame(layers.gru.apply(x, CALL) as tf.Tensor, layers.gru.apply(x) as tf.Tensor);
      const step = tf.randomNormal([2, 3], 0, 1, 'float32', 2);
      const cells = { gru: gruCell({ hiddenSize: 4 }), lstm: lstmCell({ hiddenSize: 4 }) };
      await expectSame(cells.gru.forward(step, undefined), cells.gru.forward(step));
      await expectSame(cells.lstm.forward(step, LSTM_CELL_STATE).c, cells.lstm.forward(step).c);
    });
  });

  it('of a reader is as left out', async () => {
    const bytes = writeSafetensors(await gruStateDict(), undefined);
    const plain = parseStateDict(bytes);
    expect(parseStateDict(bytes, PARSE)).to.deep.equal(plain);
    expect(parseStateDict(bytes, { limits: LIMITS })).to.deep.equal(plain);
    expect(await readStateDict(bytes, READ)).to.deep.equal(plain);
    expect(await readStateDict(bytes, { limits: LIMITS })).to.deep.equal(plain);
  });

  it('of a load or an export is as left out', async () => {
    const stateDict = await gruStateDict();
    const layer = gru({ hiddenSize: 4 });
    expect(loadStateDict(layer, stateDict, LOAD)).to.deep.equal(loadStateDict(layer, stateDict));
    expect(() => loadStateDict(layer, new Map(), LOAD)).to.throw('weight_ih_l0');
    expect(await toStateDict(layer, EXPORT)).to.deep.equal(await toStateDict(layer));
    const read = GRU.fromStateDict(stateDict, FROM);
    expect(settings(read)).to.deep.equal(settings(GRU.fromStateDict(stateDict)));
    for (const each of [layer, read]) each.dispose();
  });

  it('of loadKerasModel is as left out', async () => {
    const source = { load: () => Promise.resolve({ modelTopology: {}, format: 'layers-model' }) };
    const failure = async (...rest: [KerasLoadOptions?]) =>
      loadKerasModel(source, ...rest).then(String, (error: Error) => error.message);
    expect(await failure(KERAS)).to.equal(await failure());
  });
});
