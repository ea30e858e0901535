import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gru } from '../../../src/index.js';
import { deliveredMasks } from '../../../src/layers/masks/graph.js';
import {
  type MaskRule,
  maskedOutputs,
  maskRuleOf,
  TFJS_MASK_RULES,
} from '../../../src/layers/masks/mask-rules.js';
import { Marks, Watch } from '../../support/masks.js';

const [T, F] = [4, 6];
const SEQUENCE = [T, F];
const IMAGE = [T, 5, 2];
const VIDEO = [T, 5, 5, 2];

const MASK = [
  [1, 1, 1, 1],
  [1, 1, 0, 0],
  [1, 1, 1, 0],
];
/** A second mask, which shows what is merged. */
const OTHER = [
  [1, 1, 1, 1],
  [1, 1, 1, 0],
  [1, 0, 0, 0],
];

const inner = () => tf.layers.dense({ units: 2 });
const cell = () => tf.layers.lstmCell({ units: 2 });
const image = { filters: 2, kernelSize: 3, padding: 'same' } as const;

/** How each layer that tf.layers exports is made, and the shape of its input. */
const TRIALS: Readonly<Record<string, readonly [make: () => unknown, shape: readonly number[]]>> = {
  activation: [() => tf.layers.activation({ activation: 'relu' }), SEQUENCE],
  add: [() => tf.layers.add(), SEQUENCE],
  alphaDropout: [() => tf.layers.alphaDropout({ rate: 0.1 }), SEQUENCE],
  average: [() => tf.layers.average(), SEQUENCE],
  averagePooling1d: [() => tf.layers.averagePooling1d({ poolSize: 1 }), SEQUENCE],
  averagePooling2d: [() => tf.layers.averagePooling2d({ poolSize: 1 }), IMAGE],
  averagePooling3d: [() => tf.layers.averagePooling3d({ poolSize: 1, strides: 1 }), VIDEO],
  batchNormalization: [() => tf.layers.batchNormalization(), SEQUENCE],
  bidirectional: [
    () =>
      tf.layers.bidirectional({
        layer: tf.layers.lstm({ units: 2, returnSequences: true }) as tf.RNN,
        mergeMode: 'sum',
      }),
    SEQUENCE,
  ],
  categoryEncoding: [() => tf.layers.categoryEncoding({ numTokens: T, outputMode: 'multiHot' }), [T]],
  centerCrop: [() => tf.layers.centerCrop({ height: T, width: 5 }), IMAGE],
  concatenate: [() => tf.layers.concatenate(), SEQUENCE],
  conv1d: [() => tf.layers.conv1d(image), SEQUENCE],
  conv2d: [() => tf.layers.conv2d(image), IMAGE],
  conv2dTranspose: [() => tf.layers.conv2dTranspose(image), IMAGE],
  conv3d: [() => tf.layers.conv3d(image), VIDEO],
  conv3dTranspose: [() => tf.layers.conv3dTranspose({ ...image, strides: 1 }), VIDEO],
  convLstm2d: [() => tf.layers.convLstm2d({ ...image }), VIDEO],
  cropping2D: [() => tf.layers.cropping2D({ cropping: 0 as never }), IMAGE],
  dense: [inner, SEQUENCE],
  depthwiseConv2d: [() => tf.layers.depthwiseConv2d({ kernelSize: 3, padding: 'same' }), IMAGE],
  dot: [() => tf.layers.dot({ axes: 2 }), SEQUENCE],
  dropout: [() => tf.layers.dropout({ rate: 0.1 }), SEQUENCE],
  elu: [() => tf.layers.elu(), SEQUENCE],
  embedding: [() => tf.layers.embedding({ inputDim: 9, outputDim: 2, maskZero: true }), [T]],
  flatten: [() => tf.layers.flatten(), SEQUENCE],
  gaussianDropout: [() => tf.layers.gaussianDropout({ rate: 0.1 }), SEQUENCE],
  gaussianNoise: [() => tf.layers.gaussianNoise({ stddev: 0.1 }), SEQUENCE],
  globalAveragePooling1d: [() => tf.layers.globalAveragePooling1d(), SEQUENCE],
  globalAveragePooling2d: [() => tf.layers.globalAveragePooling2d({}), IMAGE],
  globalMaxPooling1d: [() => tf.layers.globalMaxPooling1d(), SEQUENCE],
  globalMaxPooling2d: [() => tf.layers.globalMaxPooling2d({}), IMAGE],
  gru: [() => tf.layers.gru({ units: 2, returnSequences: true }), SEQUENCE],
  layerNormalization: [() => tf.layers.layerNormalization(), SEQUENCE],
  leakyReLU: [() => tf.layers.leakyReLU(), SEQUENCE],
  lstm: [() => tf.layers.lstm({ units: 2, returnSequences: true }), SEQUENCE],
  masking: [() => tf.layers.masking(), SEQUENCE],
  maximum: [() => tf.layers.maximum(), SEQUENCE],
  maxPooling1d: [() => tf.layers.maxPooling1d({ poolSize: 1 }), SEQUENCE],
  maxPooling2d: [() => tf.layers.maxPooling2d({ poolSize: 1 }), IMAGE],
  maxPooling3d: [() => tf.layers.maxPooling3d({ poolSize: 1, strides: 1 }), VIDEO],
  minimum: [() => tf.layers.minimum(), SEQUENCE],
  multiply: [() => tf.layers.multiply(), SEQUENCE],
  permute: [() => tf.layers.permute({ dims: [1, 2] }), SEQUENCE],
  prelu: [() => tf.layers.prelu(), SEQUENCE],
  randomWidth: [() => tf.layers.randomWidth({ factor: 0.1 }), IMAGE],
  reLU: [() => tf.layers.reLU(), SEQUENCE],
  repeatVector: [() => tf.layers.repeatVector({ n: T }), [F]],
  rescaling: [() => tf.layers.rescaling({ scale: 2 }), SEQUENCE],
  reshape: [() => tf.layers.reshape({ targetShape: SEQUENCE }), SEQUENCE],
  resizing: [() => tf.layers.resizing({ height: T, width: 5 }), IMAGE],
  rnn: [() => tf.layers.rnn({ cell: cell(), returnSequences: true }), SEQUENCE],
  separableConv2d: [() => tf.layers.separableConv2d({ ...image, depthMultiplier: 1 }), IMAGE],
  simpleRNN: [() => tf.layers.simpleRNN({ units: 2, returnSequences: true }), SEQUENCE],
  softmax: [() => tf.layers.softmax({ axis: -1 }), SEQUENCE],
  spatialDropout1d: [() => tf.layers.spatialDropout1d({ rate: 0.1 }), SEQUENCE],
  thresholdedReLU: [() => tf.layers.thresholdedReLU(), SEQUENCE],
  timeDistributed: [() => tf.layers.timeDistributed({ layer: inner() }), SEQUENCE],
  upSampling2d: [() => tf.layers.upSampling2d({ size: [1, 1] }), IMAGE],
  zeroPadding2d: [() => tf.layers.zeroPadding2d({ padding: 0 as never }), IMAGE],
};

/** Other names of layers, and what is no layer of a model. */
const ALIASES =
  'avgPool1d avgPool2d avgPool3d avgPooling1d avgPooling2d avgPooling3d globalMaxPool1d globalMaxPool2d maxPool1d maxPool2d maxPool3d'.split(
    ' ',
  );
const NO_LAYERS =
  'Layer RNN RNNCell convLstm2dCell gruCell input inputLayer lstmCell simpleRNNCell stackedRNNCells'.split(
    ' ',
  );

/** Layers that tfjs cannot call in a model: they take a list of inputs for a tensor. */
const FOR_NO_MODEL = ['randomWidth', 'resizing'];

/** What a layer hands on where each of its inputs has the mask of the same place, or none. */
function handedOn(make: () => unknown, shape: readonly number[], masks: readonly (number[][] | null)[]) {
  let found = {} as { layer: tf.layers.Layer; output: tf.SymbolicTensor; seen: unknown };
  tf.tidy(() => {
    const inputs = masks.map(() => tf.input({ shape: [...shape] }));
    const marked = inputs.map((input, i) => new Marks(masks[i]).apply(input) as tf.SymbolicTensor);
    const layer = make() as tf.layers.Layer;
    const output = layer.apply(marked.length === 1 ? marked[0] : marked) as tf.SymbolicTensor;
    const watch = new Watch();
    const model = tf.model({ inputs, outputs: watch.apply(output) as tf.SymbolicTensor });
    const values = inputs.map(() => tf.randomUniform([MASK.length, ...shape], 1, 4, 'int32').toFloat());
    try {
      model.predict(values);
      found = { layer, output, seen: watch.seen };
    } finally {
      model.dispose();
    }
  });
  return found;
}

const ONES = [MASK.map((row) => row.map(() => 1))];
const AND = MASK.map((row, b) => row.map((value, t) => value & (OTHER[b]?.[t] as number)));

describe('what tf.layers do with masks', () => {
  it('is known of every layer that tf.layers exports', () => {
    const names = Object.keys(tf.layers).filter(
      (name) => !ALIASES.includes(name) && !NO_LAYERS.includes(name),
    );
    expect(Object.keys(TRIALS).sort()).to.deep.equal(names.sort());
    const classes = Object.values(TRIALS).map(([make]) => (make() as tf.layers.Layer).getClassName());
    const models = ['Functional', 'Model', 'Sequential'];
    expect([...TFJS_MASK_RULES.keys()].sort()).to.deep.equal([...classes, ...models].sort());
  });

  for (const [name, [make, shape]] of Object.entries(TRIALS)) {
    const rule = TFJS_MASK_RULES.get((make() as tf.layers.Layer).getClassName()) as MaskRule;
    it(`${name} ${rule}`, () => {
      const isMerge = rule === 'merges' || rule === 'concatenates' || name === 'dot';
      const attempt = () => handedOn(make, shape, isMerge ? [MASK, MASK] : [MASK]);
      if (FOR_NO_MODEL.includes(name)) {
        expect(attempt).to.throw(Error, 'Error in resizeBilinear');
        return;
      }
      if (rule === 'fails') {
        expect(attempt).to.throw(Error);
        expect(handedOn(make, shape, [null]).seen).to.equal(null);
        return;
      }
      const { layer, output, seen } = attempt();
      const expected: Readonly<Record<MaskRule, unknown>> = {
        makes: ONES[0],
        keeps: MASK,
        sequence: MASK,
        merges: [MASK],
        concatenates: MASK,
        drops: null,
        ends: null,
        fails: null,
      };
      expect(seen).to.deep.equal(expected[rule]);
      expect(maskRuleOf(layer)).to.equal(rule);
      expect(deliveredMasks.of(output) !== '').to.equal(seen !== null);
      if (rule === 'sequence') expect(maskedOutputs(layer)).to.equal(1);
    });
  }

  for (const name of ['add', 'average', 'maximum', 'minimum', 'multiply'] as const)
    it(`${name} ignores the last mask, and needs all others`, () => {
      const [make, shape] = TRIALS[name];
      const outcome = (...masks: (number[][] | null)[]) => handedOn(make, shape, masks).seen;
      expect(outcome(MASK, OTHER)).to.deep.equal([MASK]);
      expect(outcome(MASK, null)).to.deep.equal([MASK]);
      expect(outcome(null, MASK)).to.equal(null);
      expect(outcome(MASK, OTHER, null)).to.deep.equal([AND]);
      expect(() => outcome(MASK, null, MASK)).to.throw(Error);
      expect(() => outcome(null, MASK, MASK)).to.throw(Error);
    });

  it('concatenate merges all masks', () => {
    const [make, shape] = TRIALS.concatenate;
    expect(handedOn(make, shape, [null, MASK, OTHER]).seen).to.deep.equal(AND);
  });

  it('an embedding without maskZero drops masks, and layers without sequences end them', () => {
    const embedding = tf.layers.embedding({ inputDim: 9, outputDim: 2 });
    expect(handedOn(() => embedding, [T], [MASK]).seen).to.equal(null);
    expect(maskRuleOf(embedding)).to.equal('drops');
    const layer = tf.layers.lstm({ units: 2 }) as tf.RNN;
    expect(handedOn(() => layer, SEQUENCE, [MASK]).seen).to.equal(null);
    expect(maskedOutputs(layer)).to.equal(0);
    expect(maskedOutputs(gru({ hiddenSize: 2 }))).to.equal(1);
    expect(maskedOutputs(gru({ hiddenSize: 2, returnSequences: false }))).to.equal(0);
  });

  it('a bidirectional layer that merges nothing hands its mask on with both outputs', () => {
    const make = () =>
      tf.layers.bidirectional({
        layer: tf.layers.lstm({ units: 2, returnSequences: true, returnState: true }) as tf.RNN,
        mergeMode: null as never,
      });
    expect(maskedOutputs(make())).to.equal(2);
  });

  it('layers of other packages make, keep or drop masks as they say', () => {
    class Drops extends tf.layers.Layer {
      static className = 'TorchSpecDrops';
    }
    class Keeps extends Drops {
      override supportsMasking = true;
    }
    expect(maskRuleOf(new Drops({}))).to.equal('drops');
    expect(maskRuleOf(new Keeps({}))).to.equal('keeps');
    expect(maskRuleOf(new Marks(MASK))).to.equal('makes');
  });
});
