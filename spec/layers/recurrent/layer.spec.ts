import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type LSTM, type RNN, rnn } from '../../../src/index.js';
import { CLASSES, EVERY_LAYER } from '../../support/family.js';
import type { RecurrentLayer } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

const KINDS = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'];

async function values(layer: RecurrentLayer): Promise<Float32Array[]> {
  return await Promise.all(layer.getWeights().map((weight) => weight.data<'float32'>()));
}

for (const { title, make, module, gates, stateSizes } of EVERY_LAYER) {
  describe(title, () => {
    const isProjected = (hiddenSize: number) => stateSizes(hiddenSize)[0] !== hiddenSize;
    /** The number of parameters of one direction for H = 5, as torch counts them. */
    const countParams = (inputs: number) => {
      const [columns, rows] = [stateSizes(5)[0]!, 5 * gates];
      return rows * (inputs + columns + 2) + (isProjected(5) ? columns * 5 : 0);
    };

    it('initialises every weight U(-1/sqrt(H), 1/sqrt(H)), repeatably with a seed', async () => {
      const layers = [7, 7, 8].map((seed) => make({ hiddenSize: 16, inputSize: 300, seed }));
      await tidied(async () => {
        for (const layer of layers) layer.ensureBuilt(300);
        const [a, b, c] = (await Promise.all(layers.map(values))) as [
          Float32Array[],
          Float32Array[],
          Float32Array[],
        ];
        expect(b).to.deep.equal(a);
        expect(c).not.to.deep.equal(a);
        const [weightIh, , biasIh, biasHh] = a as [Float32Array, Float32Array, Float32Array, Float32Array];
        const bound = 1 / Math.sqrt(16);
        expect(Math.max(...weightIh.map(Math.abs))).to.be.within(0.99 * bound, bound);
        expect(Math.abs(weightIh.reduce((sum, value) => sum + value, 0) / weightIh.length)).to.be.below(0.01);
        const variance = weightIh.reduce((sum, value) => sum + value * value, 0) / weightIh.length;
        expect(variance).to.be.closeTo((bound * bound) / 3, 0.02 * bound * bound);
        expect(biasIh).not.to.deep.equal(biasHh);
        for (const weight of a) expect(Math.max(...weight.map(Math.abs))).to.be.within(0.5 * bound, bound);
      });
      for (const layer of layers) layer.dispose();
    });

    it('draws different weights for every parameter and every seed', async () => {
      const layers = [1, 2, 3].map((seed) => make({ hiddenSize: 4, seed }));
      const starts = (
        await Promise.all(
          layers.map(async (layer) => {
            layer.ensureBuilt(4);
            return (await values(layer)).map(([first]) => first);
          }),
        )
      ).flat();
      expect(new Set(starts).size).to.equal(3 * (isProjected(4) ? 5 : 4));
      for (const layer of layers) layer.dispose();
    });

    it('names and orders its weights as state_dict() does, and counts them', () => {
      const layer = make({ name: 'rnn', hiddenSize: 5, numLayers: 2, bidirectional: true });
      layer.ensureBuilt(3);
      const kinds = isProjected(5) ? [...KINDS, 'weight_hr'] : KINDS;
      expect(layer.weights.map((weight) => weight.originalName)).to.deep.equal(
        ['l0', 'l0_reverse', 'l1', 'l1_reverse'].flatMap((suffix) =>
          kinds.map((name) => `rnn/${name}_${suffix}`),
        ),
      );
      expect(layer.weights.map((weight) => weight.shape)).to.deep.equal([...layer.torchShapes(3).values()]);
      expect(layer.countParams()).to.equal(2 * countParams(3) + 2 * countParams(2 * stateSizes(5)[0]!));
      layer.dispose();
    });

    it('freezes with trainable: false', () => {
      const layer = make({ hiddenSize: 2, trainable: false });
      layer.ensureBuilt(3);
      const count = layer.torchShapes(3).size;
      expect(layer.trainableWeights).to.have.length(0);
      expect(layer.nonTrainableWeights).to.have.length(count);
      layer.trainable = true;
      expect(layer.trainableWeights).to.have.length(count);
      layer.dispose();
    });

    it('takes initial weights as tf.layers does', async () => {
      await tidied(async () => {
        const shapes = [...make({ hiddenSize: 2 }).torchShapes(3).values()];
        const weights = shapes.map((shape, i) => tf.fill(shape, i + 1));
        const layer = make({ hiddenSize: 2, weights });
        layer.forward(tf.zeros([4, 3]));
        expect(await values(layer)).to.deep.equal(await Promise.all(weights.map((weight) => weight.data())));
        layer.dispose();
      });
    });

    it('prints in model.summary()', () => {
      const lines: string[] = [];
      const model = tf.sequential({ layers: [make({ name: 'layer', hiddenSize: 5, inputShape: [7, 3] })] });
      model.summary(80, undefined, (line) => lines.push(line as string));
      const row = `layer \\(Torch${module}\\).*\\[null,7,${stateSizes(5)[0]}\\]\\s+${countParams(3)}`;
      expect(lines.join('\n')).to.match(new RegExp(row));
      model.dispose();
    });

    it('is an instance of its class and of tf.layers.Layer', () => {
      const layer = make({ hiddenSize: 2 });
      expect(layer).to.be.instanceOf(CLASSES[module]);
      expect(layer).to.be.instanceOf(tf.layers.Layer);
      expect(layer.getClassName()).to.equal(`Torch${module}`);
      expect([layer.hiddenSize, layer.numLayers, layer.numDirections, layer.inputSize]).to.deep.equal([
        2,
        1,
        1,
        undefined,
      ]);
    });

    it('holds the arguments of the variant', () => {
      const layer = make({ hiddenSize: 3 });
      if (module === 'LSTM') expect((layer as LSTM).projSize).to.equal(isProjected(3) ? 2 : 0);
      else expect(layer).not.to.have.property('projSize');
      if (module === 'RNN') expect((layer as RNN).nonlinearity).to.equal(title.slice('RNN with '.length));
      else expect(layer).not.to.have.property('nonlinearity');
    });
  });
}

describe('RNN', () => {
  it('has the nonlinearity tanh by default', () => {
    expect(rnn({ hiddenSize: 2 }).nonlinearity).to.equal('tanh');
  });
});
