/** What a layer says of an input in a model that is no sequence. Each remedy is followed. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { expectClose } from '../../support/expect-same.js';
import { EACH_CLASS } from '../../support/family.js';
import { tidied } from '../../support/tidied.js';

for (const { title, module, make, stateSizes } of EACH_CLASS)
  describe(`${title} behind what gives no sequence`, () => {
    before(() => tf.setBackend('cpu'));

    const [columns] = stateSizes(3) as [number];

    const sources: [string, (returnSequences: boolean) => tf.layers.Layer][] = [
      [
        'a layer of its own kind',
        (returnSequences) => make({ name: 'first', hiddenSize: 3, returnSequences }),
      ],
      [
        'a layer of tf.layers',
        (returnSequences) => tf.layers.simpleRNN({ name: 'first', units: columns, returnSequences }),
      ],
      [
        'a wrapper of tf.layers',
        (returnSequences) =>
          tf.layers.bidirectional({
            name: 'first',
            layer: tf.layers.simpleRNN({ units: columns, returnSequences }) as tf.RNN,
            mergeMode: 'sum',
          }),
      ],
    ];
    for (const [what, first] of sources)
      it(`names ${what} that gives its last state only`, async () => {
        const build = (returnSequences: boolean) => {
          const layer = first(returnSequences);
          const last = make({ name: 'last', hiddenSize: 2 });
          const input = tf.input({ shape: [4, 5] });
          const dropped = tf.layers.dropout({ rate: 0.5 }).apply(layer.apply(input)) as tf.SymbolicTensor;
          const outputs = last.apply(dropped) as tf.SymbolicTensor;
          return { layer, last, model: tf.model({ inputs: input, outputs }) };
        };
        expect(() => build(false)).to.throw(
          RangeError,
          `${module}.apply: x: expected [B, T, I], got [?, ${columns}]. ` +
            'Layer "first" before it gives its last state only: pass returnSequences: true to it',
        );
        const { layer, last, model } = build(true);
        await tidied(async () => {
          const x = tf.randomNormal([2, 4, 5]);
          const expected = last.forward(layer.apply(x) as tf.Tensor).output;
          await expectClose(model.predict(x) as tf.Tensor, expected);
        });
        model.dispose();
      });

    it('says so in tf.sequential too', () => {
      const stack = (returnSequences?: boolean) =>
        tf.sequential({
          layers: [
            make({ name: 'a', hiddenSize: 3, returnSequences, inputShape: [null, 5] }),
            make({ name: 'b', hiddenSize: 2 }),
          ],
        });
      expect(() => stack(false)).to.throw(
        RangeError,
        'Layer "a" before it gives its last state only: pass returnSequences: true to it',
      );
      const model = stack(true);
      expect(model.outputs[0]!.shape).to.deep.equal([null, null, stateSizes(2)[0]]);
      model.dispose();
    });

    it('says what inputShape holds', () => {
      const model = (inputShape: (number | null)[]) =>
        tf.sequential({ layers: [make({ hiddenSize: 3, inputShape })] });
      expect(() => model([5])).to.throw(
        RangeError,
        `${module}.apply: x: expected [B, T, I], got [?, 5]. An input leaves out B, but not T: inputShape: [null, 5]`,
      );
      tf.tidy(() => {
        const remedied = model([null, 5]);
        expect((remedied.predict(tf.zeros([2, 4, 5])) as tf.Tensor).shape).to.deep.equal([2, 4, columns]);
        remedied.dispose();
      });
    });

    it('says where lengths go that stand in the place of a state', () => {
      const remedy = 'Lengths go to lengthMask().apply([x, lengths]), or in an eager call to lengths';
      const layer = make({ hiddenSize: 3 });
      const sequence = tf.input({ shape: [4, 5] });
      for (const dtype of ['float32', 'int32'] as const)
        expect(() => layer.apply([sequence, tf.input({ shape: [1], dtype })])).to.throw(remedy);
      tf.tidy(() => {
        expect(() => layer.apply([tf.zeros([2, 4, 5]), tf.tensor1d([4, 2])])).to.throw(RangeError, remedy);
      });
    });

    it('does not blame a layer for other tensors', () => {
      const x = tf.input({ shape: [4, 5] });
      const [, state] = tf.layers.simpleRNN({ units: 3, returnState: true }).apply(x) as tf.SymbolicTensor[];
      for (const input of [state!, tf.layers.dense({ units: 2 }).apply(tf.input({ shape: [5] }))])
        expect(() => make({ hiddenSize: 3 }).apply(input as tf.SymbolicTensor))
          .to.throw(RangeError, `${module}.apply: x: expected [B, T, I]`)
          .with.property('message')
          .that.does.not.include('returnSequences');
    });
  });
