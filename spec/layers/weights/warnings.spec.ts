import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { GRU, LSTMCell, loadStateDict } from '../../../src/index.js';
import { overflowWarnings, tellWarnings } from '../../../src/layers/weights/warnings.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { f32 } from '../../models/torch-modules.js';
import { warningsOf } from '../../support/misuse.js';

const f64 = (shape: number[], first: number): TorchTensor => ({
  dtype: 'F64',
  shape,
  data: new Float64Array(shape.reduce((product, size) => product * size, 1)).fill(first, 0, 1),
});

/** With two values that float32 does not reach. */
const linear = (): StateDict =>
  new Map([
    ['weight', f64([3, 5], 1e300)],
    ['bias', f64([3], -1e39)],
  ]);

/** Of a GRU or an LSTM cell with I = 1 and H = 1. */
const recurrent = (gates: number, suffix: string): StateDict =>
  new Map([
    [`weight_ih${suffix}`, f64([gates, 1], 1e39)],
    [`weight_hh${suffix}`, f32([gates, 1])],
    [`bias_ih${suffix}`, f32([gates])],
    [`bias_hh${suffix}`, f32([gates])],
  ]);

const ABOUT = (key: string) => `tensor "${key}": F64 values beyond the range of float32 became infinite.`;

describe('warnings of a load', () => {
  before(() => tf.setBackend('cpu'));

  it('are printed in one call of console.warn', () => {
    const layer = tf.layers.dense({ units: 3 });
    const printed = warningsOf(() => void loadStateDict(layer, linear()));
    expect(printed).to.deep.equal([`loadStateDict: ${ABOUT('weight')}\nloadStateDict: ${ABOUT('bias')}`]);
    layer.dispose();
  });

  it('go to onWarnings where it is given, when the weights have their values, and stand in the report', () => {
    const layer = tf.layers.dense({ units: 3 });
    const taken: (readonly string[])[] = [];
    const onWarnings = (warnings: readonly string[]) => {
      expect(layer.getWeights()[1]?.dataSync()[0]).to.equal(-Infinity);
      taken.push(warnings);
    };
    const report = loadStateDict(layer, linear(), { onWarnings });
    expect(taken).to.deep.equal([[ABOUT('weight'), ABOUT('bias')]]);
    expect(report.warnings).to.deep.equal(taken[0]);
    layer.dispose();
  });

  it('are none for a load without a remark: nothing is called', () => {
    const layer = tf.layers.dense({ units: 3 });
    const stateDict = new Map([
      ['weight', f32([3, 5])],
      ['bias', f32([3])],
    ]);
    const called: unknown[] = [];
    const printed = warningsOf(() => {
      loadStateDict(layer, stateDict);
      loadStateDict(layer, stateDict, { onWarnings: (warnings) => called.push(warnings) });
    });
    expect([...printed, ...called]).to.deep.equal([]);
    layer.dispose();
  });

  it('come from fromStateDict of layers and cells too', () => {
    const printed = warningsOf(() => GRU.fromStateDict(recurrent(3, '_l0')).dispose());
    expect(printed).to.deep.equal([`GRU.fromStateDict: ${ABOUT('weight_ih_l0')}`]);
    const taken: string[] = [];
    const onWarnings = (warnings: readonly string[]) => void taken.push(...warnings);
    LSTMCell.fromStateDict(recurrent(4, ''), { onWarnings }).dispose();
    expect(taken).to.deep.equal([ABOUT('weight_ih')]);
  });

  it('are refused where onWarnings is no function, before anything is loaded', () => {
    const layer = tf.layers.dense({ units: 3 });
    const options = { onWarnings: 'ignore' } as object;
    const rule = 'onWarnings: expected a function, got "ignore"';
    expect(() => loadStateDict(layer, linear(), options)).to.throw(TypeError, `loadStateDict: ${rule}`);
    expect(() => GRU.fromStateDict(recurrent(3, '_l0'), options)).to.throw(
      TypeError,
      `GRU.fromStateDict: ${rule}`,
    );
    expect(layer.built).to.equal(false);
  });

  it('may make the caller throw, who wants none: the weights are loaded then', () => {
    const refuse = (warnings: readonly string[]) => {
      throw new Error(warnings.join());
    };
    expect(() => tellWarnings('spec', ['a', 'b'], refuse)).to.throw('a,b');
    expect(() => tellWarnings('spec', [], refuse)).not.to.throw();
  });

  it('say nothing of values that were infinite in the file', () => {
    expect(overflowWarnings('w', f64([1], Infinity), Float32Array.of(Infinity))).to.deep.equal([]);
  });
});
