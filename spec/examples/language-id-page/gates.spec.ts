import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createEncoder } from '../../../examples/language-id/text.js';
import { readDescription, readWeights } from '../../../examples/language-id/trained.js';
import {
  computeGates,
  type Direction,
  embed,
  gruWeights,
  meanOverUnits,
} from '../../../examples/language-id/web/language/gates/compute-gates.js';
import { unitOrder } from '../../../examples/language-id/web/language/gates/unit-order.js';
import { GRU, type StateDict } from '../../../src/index.js';

/** Measured: 6.0e-7, of float32 sums in another order. */
const TOLERANCE = 1e-5;

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).to.equal(b.length);
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

describe("examples/language-id: the page's gates", () => {
  let stateDict: StateDict;
  let inputs: Float32Array[];
  /** The layer's own outputs `[T, 2H]`. */
  let layerOutput: tf.Tensor2D;

  before(async () => {
    stateDict = await readWeights();
    const encode = createEncoder((await readDescription()).characters);
    inputs = embed(stateDict, 'embedding.weight', encode('Hôm nay trời đẹp quá'));
    const layer = GRU.fromStateDict(stateDict, { prefix: 'gru' });
    layerOutput = tf.tidy(() => {
      const x = tf.tensor2d(inputs.map((row) => Array.from(row))).expandDims<tf.Tensor3D>(0);
      return layer.forward(x).output.squeeze<tf.Tensor2D>([0]);
    });
    layer.dispose();
  });
  after(() => layerOutput?.dispose());

  for (const [i, direction] of (['forward', 'backward'] as Direction[]).entries()) {
    const gates = () => computeGates(gruWeights(stateDict, 'gru', direction), inputs, direction);

    it(`give the layer's states, ${direction}`, () => {
      const { h, hiddenSize, steps } = gates();
      const half = tf.tidy(() => layerOutput.slice([0, i * hiddenSize], [steps, hiddenSize]).dataSync());
      expect(largestDifference(h, half as Float32Array)).to.be.below(TOLERANCE);
    });

    it(`are those of the equation h' = (1 - z) n + z h, ${direction}: with another z the states are others`, () => {
      const weights = gruWeights(stateDict, 'gru', direction);
      const biasIh = weights.biasIh.map((bias, row) => (row === weights.hiddenSize ? bias + 1 : bias));
      const changed = computeGates({ ...weights, biasIh }, inputs, direction);
      expect(largestDifference(changed.h, gates().h)).to.be.above(100 * TOLERANCE);
      expect(largestDifference(changed.z, gates().z)).to.be.above(100 * TOLERANCE);
    });

    it(`lie between 0 and 1, ${direction}`, () => {
      const { r, z } = gates();
      for (const gate of [r, z]) expect(gate.every((value) => value > 0 && value < 1)).to.equal(true);
    });
  }

  it('have means over the units of each step', () => {
    expect(meanOverUnits(Float32Array.of(0, 1, 0.5, 0.25), 2, 2)).to.deep.equal([0.5, 0.375]);
  });

  it('are shown by the bias of z, the units that keep most first', () => {
    const weights = {
      inputSize: 1,
      hiddenSize: 3,
      weightIh: new Float32Array(9),
      weightHh: new Float32Array(27),
    };
    const biasIh = Float32Array.of(9, 9, 9, 1, 2, 0, 9, 9, 9);
    const biasHh = Float32Array.of(9, 9, 9, 0, 1, 2, 9, 9, 9);
    expect(unitOrder({ ...weights, biasIh, biasHh })).to.deep.equal([1, 2, 0]);
  });

  it('need all weights of the layer', () => {
    const without = new Map([...stateDict].filter(([name]) => name !== 'gru.bias_hh_l0_reverse'));
    expect(() => gruWeights(without, 'gru', 'backward')).to.throw('The file has no gru.bias_hh_l0_reverse.');
    expect(() => embed(without, 'words.weight', [1])).to.throw('The file has no words.weight.');
  });
});
