import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { loadKerasModel } from '../../src/keras/index.js';
import { byLayer, findSlots, slotsOf } from '../../src/keras/weights/slots.js';
import { describeEachBackend } from '../support/backends.js';
import type { FloatTensor } from '../support/fixtures.js';
import { expectGradient } from '../support/gradients.js';
import { toTensor } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { disposeModel, handlerOf, inputTensors, kerasFixture } from './fixtures.js';

/** Networks that have gradients stored: without masks, behind an embedding's mask, and single directions behind one. */
const NAMES = ['sequential', 'tagger', 'masked'];

/** The weights of tfjs that hold a weight of Keras, each with its part of the gradient. */
function expectedGradients(
  model: tf.LayersModel,
  gradients: Readonly<Record<string, FloatTensor>>,
): Map<tf.Variable, tf.Tensor> {
  const slots = byLayer(slotsOf(model, false));
  const pairs = Object.entries(gradients).flatMap(([name, gradient]) => {
    const parts = name.split('/');
    const [slot] = findSlots(slots, { layers: parts.slice(0, -1), weight: parts.at(-1) as string });
    // A gradient has the layout of its weight.
    return slot.assignments(toTensor(gradient));
  });
  return new Map(pairs.map(([weight, value]) => [weight.read() as tf.Variable, value]));
}

describeEachBackend('a Keras model trains with the gradients of Keras', () => {
  for (const name of NAMES)
    for (const version of ['2', '3'] as const)
      it(`in ${name}, Keras ${version}`, async () => {
        const fixture = kerasFixture(version, name);
        const model = await loadKerasModel(handlerOf(fixture));
        await tidied(async () => {
          const [call] = fixture.calls;
          const factors = fixture.factors.map(toTensor);
          const loss = () => {
            const result = model.predictOnBatch(inputTensors(call));
            const outputs = Array.isArray(result) ? result : [result];
            return tf.addN(outputs.map((output, i) => tf.sum(tf.mul(output, factors[i])))) as tf.Scalar;
          };
          const expected = expectedGradients(model, fixture.gradients);
          const { grads } = tf.variableGrads(loss, [...expected.keys()]);
          expect(expected.size).to.equal(model.trainableWeights.length);
          for (const [variable, gradient] of expected)
            await expectGradient(
              grads[variable.name],
              { dtype: 'F32', shape: gradient.shape, data: (await gradient.data()) as Float32Array },
              variable.name,
            );
        });
        disposeModel(model);
      });
});
