/** The warning of a Dense that reads a flattened convolution, and its remedy, against PyTorch's order. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadStateDict, type StateDict } from '../../src/index.js';
import { expectClose } from '../support/expect-same.js';
import { tidied } from '../support/tidied.js';
import { f32 } from './torch-modules.js';

function warningsOf(model: tf.LayersModel, stateDict: StateDict): readonly string[] {
  let warnings: readonly string[] = [];
  loadStateDict(model, stateDict, { onWarnings: (all) => (warnings = all) });
  return warnings.filter((text) => text.includes('Flatten'));
}

const CONV1D: StateDict = new Map([
  ['conv.weight', f32([4, 3, 3])],
  ['conv.bias', f32([4])],
  ['fc.weight', f32([2, 16])],
  ['fc.bias', f32([2])],
]);

const conv1d = (extra: object = {}) =>
  tf.layers.conv1d({ name: 'conv', filters: 4, kernelSize: 3, inputShape: [6, 3], ...extra });
const fc = () => tf.layers.dense({ name: 'fc', units: 2 });
const flatten = () => tf.layers.flatten({ name: 'flat' });

const REMEDY = 'put tf.layers.permute({ dims: [2, 1] }) before "flat".';

describe('a Dense behind a flattened convolution', () => {
  before(() => tf.setBackend('cpu'));

  it('is told, and with the permute it computes what torch does', async () => {
    const build = (...between: tf.layers.Layer[]) =>
      tf.sequential({ layers: [conv1d(), ...between, flatten(), fc()] });
    const wrong = build();
    expect(warningsOf(wrong, CONV1D)).to.deep.equal([
      'Layer "fc" reads a convolution through "flat", which orders the values by place where torch\'s Flatten orders them by ' +
        `channel: where the PyTorch model does not move the channels last itself, ${REMEDY}`,
    ]);
    const right = build(tf.layers.permute({ dims: [2, 1] }));
    expect(warningsOf(right, CONV1D)).to.deep.equal([]);
    await tidied(async () => {
      const x = tf.randomNormal([2, 6, 3]);
      const features = right.layers[0]!.apply(x) as tf.Tensor3D;
      const rows = features.transpose([0, 2, 1]).reshape([2, 16]); // channels first, as torch has them
      const weight = tf.tensor2d(CONV1D.get('fc.weight')!.data as Float32Array, [2, 16]);
      const expected = tf.matMul(rows, weight, false, true).add(CONV1D.get('fc.bias')!.data as Float32Array);
      await expectClose(right.predict(x) as tf.Tensor, expected);
      expect((await tf.max(tf.abs(tf.sub(wrong.predict(x) as tf.Tensor, expected))).data())[0]).to.be.above(
        0.1,
      );
    });
    wrong.dispose();
    right.dispose();
  });

  it('is told through what keeps the order, in a graph, and for images', () => {
    const image = new Map([
      ['conv.weight', f32([4, 3, 2, 2])],
      ['conv.bias', f32([4])],
      ['fc.weight', f32([2, 16])],
      ['fc.bias', f32([2])],
    ]);
    const input = tf.input({ shape: [5, 5, 3] });
    const chain: tf.layers.Layer[] = [
      tf.layers.conv2d({ name: 'conv', filters: 4, kernelSize: 2 }),
      tf.layers.leakyReLU(),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      flatten(),
      tf.layers.dropout({ rate: 0.1 }),
      fc(),
    ];
    const output = chain.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input);
    const model = tf.model({ inputs: input, outputs: output });
    expect(warningsOf(model, image).join()).to.include(
      'put tf.layers.permute({ dims: [3, 1, 2] }) before "flat".',
    );
    model.dispose();
    const reshaped = tf.sequential({
      layers: [conv1d(), tf.layers.reshape({ name: 'flat', targetShape: [16] }), fc()],
    });
    expect(warningsOf(reshaped, CONV1D).join()).to.include(REMEDY);
    reshaped.dispose();
    const nested = tf.sequential({
      layers: [tf.sequential({ name: 'net', layers: [conv1d(), flatten()] }), fc()],
    });
    const renamed = new Map([...CONV1D].map(([key, value]) => [key.replace('conv.', 'net.conv.'), value]));
    expect(warningsOf(nested, renamed).join()).to.include(REMEDY);
    nested.dispose();
  });

  it('is not told where both orders are the same, or torch has the same one', () => {
    const single = new Map(CONV1D).set('fc.weight', f32([2, 4]));
    for (const [layers, stateDict] of [
      // One step, and one channel.
      [[conv1d({ inputShape: [3, 3] }), flatten(), fc()], single],
      [
        [conv1d({ filters: 1 }), flatten(), fc()],
        new Map([
          ['conv.weight', f32([1, 3, 3])],
          ['conv.bias', f32([1])],
          ['fc.weight', f32([2, 4])],
          ['fc.bias', f32([2])],
        ]),
      ],
      // The maximum over time has no steps.
      [[conv1d(), tf.layers.globalMaxPooling1d({}), fc()], single],
      // A sequence without a convolution is flattened alike in both.
      [
        [tf.layers.dense({ name: 'conv', units: 4, inputShape: [6, 3] }), flatten(), fc()],
        new Map([
          ['conv.weight', f32([4, 3])],
          ['conv.bias', f32([4])],
          ['fc.weight', f32([2, 24])],
          ['fc.bias', f32([2])],
        ]),
      ],
    ] as [tf.layers.Layer[], StateDict][]) {
      const model = tf.sequential({ layers });
      expect(warningsOf(model, stateDict)).to.deep.equal([]);
      model.dispose();
    }
  });
});
