/** What a user passes in an eager call counts, whatever models the layer stands in; the executor's calls are its own. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { gruCell } from '../../../src/index.js';
import { expectClose } from '../../support/expect-same.js';
import { describeEachLayer, EACH_CLASS } from '../../support/family.js';
import type { RecurrentLayer } from '../../support/parity.js';
import { tidied } from '../../support/tidied.js';

const LENGTHS = [4, 2, 3];

function maskOf(lengths: readonly number[]): tf.Tensor2D {
  const rows = lengths.map((length) => [0, 1, 2, 3].map((step) => Number(step < length)));
  return tf.tensor2d(rows, undefined, 'bool');
}

/** A model of the layer alone, without a mask. */
function plainModel(layer: RecurrentLayer): tf.LayersModel {
  const input = tf.input({ shape: [4, 3] });
  return tf.model({ inputs: input, outputs: layer.apply(input) as tf.SymbolicTensor });
}

describeEachLayer(
  "a user's call of a layer in a model",
  EACH_CLASS,
  ({ make, module, stateNames, stateSizes }) => {
    /** What calls of every form with a mask give, each with what is expected. */
    function maskedCalls(layer: RecurrentLayer): [actual: tf.Tensor, expected: tf.Tensor][] {
      const x = tf.randomNormal([3, 4, 3]);
      const states = stateSizes(4).map((columns) => tf.zeros([3, 2, columns]));
      const expected = layer.forward(x, { lengths: LENGTHS }).output;
      const mask = maskOf(LENGTHS);
      return [x, [x], [x, ...states]].flatMap((inputs) =>
        [{ mask }, { mask: [mask] }, { lengths: LENGTHS }].map((options): [tf.Tensor, tf.Tensor] => [
          layer.apply(inputs, options) as tf.Tensor,
          expected,
        ]),
      );
    }

    async function expectMasked(layer: RecurrentLayer): Promise<void> {
      for (const [actual, expected] of maskedCalls(layer)) await expectClose(actual, expected);
    }

    it('heeds its mask and lengths, before and after the model runs, also where that fails', async () => {
      const layer = make({ hiddenSize: 4, bidirectional: true });
      const model = plainModel(layer);
      await tidied(async () => {
        await expectMasked(layer);
        model.predict(tf.zeros([2, 4, 3]));
        await expectMasked(layer);
        expect(() => model.predict(tf.zeros([2, 5, 3]))).to.throw();
        await expectMasked(layer);
      });
      model.dispose();
    });

    it('heeds them where a layer before it in the model has thrown', async () => {
      class Fails extends tf.layers.Layer {
        static className = 'Fails';
        override computeOutputShape(shape: tf.Shape) {
          return shape;
        }
        override call(): tf.Tensor {
          throw new Error('as asked');
        }
      }
      const layer = make({ hiddenSize: 4, bidirectional: true });
      const input = tf.input({ shape: [4, 3] });
      const output = layer.apply(new Fails({}).apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor;
      const model = tf.model({ inputs: input, outputs: output });
      await tidied(async () => {
        expect(() => model.predict(tf.zeros([2, 4, 3]))).to.throw('as asked');
        await expectMasked(layer);
      });
      model.dispose();
    });

    it('heeds them from inside another layer of a running model', async () => {
      let inside: [tf.Tensor, tf.Tensor][] = [];
      const layer = make({ hiddenSize: 4, bidirectional: true });
      const model = plainModel(layer);
      class Calls extends tf.layers.Layer {
        static className = 'CallsLayer';
        override computeOutputShape(shape: tf.Shape) {
          return shape;
        }
        override call(inputs: tf.Tensor | tf.Tensor[]) {
          inside = maskedCalls(layer);
          for (const tensor of inside.flat()) tf.keep(tensor);
          return Array.isArray(inputs) ? inputs[0] : inputs;
        }
      }
      const input = tf.input({ shape: [4, 3] });
      const outer = tf.model({
        inputs: input,
        outputs: layer.apply(new Calls({}).apply(input) as tf.SymbolicTensor) as tf.SymbolicTensor,
      });
      tf.tidy(() => {
        outer.predict(tf.zeros([2, 4, 3]));
      });
      for (const [actual, expected] of inside) await expectClose(actual, expected);
      tf.dispose(inside);
      outer.dispose();
      model.dispose();
    });

    it('refuses misspelt options and states among the options', () => {
      const layer = make({ hiddenSize: 4, bidirectional: true });
      const model = plainModel(layer);
      tf.tidy(() => {
        const x = tf.zeros([3, 4, 3]);
        for (const inputs of [x, [x]]) {
          expect(() => layer.apply(inputs, { trainng: true } as never)).to.throw(
            TypeError,
            `${module}.apply: trainng: expected one of lengths, training, mask, got unknown option "trainng". ` +
              'Did you mean training?',
          );
          for (const name of stateNames)
            expect(() => layer.apply(inputs, { [name]: x } as never)).to.throw(
              TypeError,
              `got unknown option "${name}". Call apply([x, ${stateNames.join(', ')}])`,
            );
        }
      });
      model.dispose();
    });

    it('changes nothing by asking for a shape', async () => {
      const [a, b] = [make({ hiddenSize: 4 }), make({ hiddenSize: 4, bidirectional: true })];
      const embedding = tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true });
      const [tokens, vectors] = [tf.input({ shape: [4], dtype: 'int32' }), tf.input({ shape: [4, 3] })];
      const masked = a.apply(embedding.apply(tokens) as tf.SymbolicTensor) as tf.SymbolicTensor;
      const model = tf.model({
        inputs: [tokens, vectors],
        outputs: [masked, b.apply(vectors) as tf.SymbolicTensor],
      });
      await tidied(async () => {
        const inputs = [tf.tensor2d([[1, 2, 0, 0]], undefined, 'int32'), tf.randomNormal([1, 4, 3])];
        const expected = b.forward(inputs[1]!).output;
        const output = () => (model.predict(inputs) as tf.Tensor[])[1]!;
        await expectClose(output(), expected);
        b.computeOutputShape([null, 4, 3]);
        model.computeOutputShape([
          [null, 4],
          [null, 4, 3],
        ]);
        await expectClose(output(), expected);
        await expectMasked(b);
      });
      model.dispose();
    });

    it('reaches the layers of a model that is called with a mask', async () => {
      const layer = make({ hiddenSize: 4, bidirectional: true });
      const model = plainModel(layer);
      await tidied(async () => {
        const x = tf.randomNormal([3, 4, 3]);
        const mask = maskOf(LENGTHS);
        const expected = layer.forward(x, { lengths: LENGTHS }).output;
        await expectClose(model.apply(x, { mask }) as tf.Tensor, expected);
        await expectClose(model.apply(x) as tf.Tensor, layer.forward(x).output);
      });
      model.dispose();
    });
  },
);

describe("a user's call of a cell", () => {
  before(() => tf.setBackend('cpu'));

  it('refuses unknown options, in a model or not', async () => {
    const cell = gruCell({ hiddenSize: 2 });
    const [x, h] = [tf.input({ shape: [3] }), tf.input({ shape: [2] })];
    const [output] = cell.apply([x, h]) as tf.SymbolicTensor[];
    const model = tf.model({ inputs: [x, h], outputs: output });
    await tidied(async () => {
      const inputs = [tf.zeros([1, 3]), tf.zeros([1, 2])];
      expect(() => cell.apply(inputs, { trainng: true })).to.throw(
        TypeError,
        'GRUCell.apply: trainng: expected one of training, got unknown option "trainng". Did you mean training?',
      );
      expect(() => cell.apply(inputs, { h: inputs[1] })).to.throw(TypeError, 'Call apply([x, h])');
      await expectClose(model.predict(inputs) as tf.Tensor, (cell.apply(inputs) as tf.Tensor[])[0]!);
      await expectClose(
        model.apply(inputs, { mask: null }) as tf.Tensor,
        (cell.apply(inputs) as tf.Tensor[])[0]!,
      );
    });
    model.dispose();
  });
});
