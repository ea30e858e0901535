// One step of training of every module in the table of the README, on every backend: what tfjs lacks a kernel for fails here.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { findWeight } from '../../src/layers/weights/assign.js';
import { findLeaves } from '../../src/models/leaves.js';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { describeEachBackend } from '../support/backends.js';
import { type FloatTensor, type ModuleFixture, moduleFixtures } from '../support/fixtures.js';
import { expectGradient, weighted } from '../support/gradients.js';
import { toTensor } from '../support/parity.js';
import { UNHEARD } from '../support/unheard.js';
import { inputOf, makersFor, outputOf, toTorchOrder } from './torch-modules.js';

/** tfjs has no gradient of its batch normalization without a scale. */
const FAILS_IN_TFJS = ['BatchNorm1d-no-affine tf.layers'];

/** The gradients of the fixture's loss by torch's names, in torch's layout. */
async function gradientsOf(
  layer: tf.layers.Layer,
  fixture: ModuleFixture,
): Promise<Map<string, FloatTensor>> {
  const { module, args, R, x } = fixture;
  const [leaf] = findLeaves('test', layer);
  const parameters = leaf!.parameters.filter(({ key }) => !key.startsWith('running_'));
  const input = tf.tidy(() => tf.variable(inputOf(fixture)));
  const weights = parameters.map(({ weight }) => findWeight(layer, weight)!.read() as tf.Variable);
  const loss = () => weighted(toTorchOrder(module, outputOf(layer, module, input)), toTensor(R));
  const variables = x.dtype === 'I32' ? weights : [...weights, input];
  const { grads, value } = tf.tidy(() => tf.variableGrads(loss, variables));
  const found = new Map<string, FloatTensor>();
  for (const [i, { key, layout }] of parameters.entries()) {
    const gradient = grads[weights[i]!.name]!;
    const { shape, values } = layout.toTorch((await gradient.data()) as Float32Array, gradient.shape)!;
    found.set(key, { dtype: 'F32', shape, data: values });
  }
  // torch leaves the row of padding_idx as it is, tf.layers.embedding trains it.
  const isOfTf = layer.getClassName() === 'Embedding';
  if (isOfTf && args.padding_idx === 0) found.get('weight')!.data.fill(0, 0, R.shape.at(-1));
  if (x.dtype !== 'I32') {
    const gradient = tf.tidy(() => toTorchOrder(module, grads[input.name]!));
    found.set('x', { dtype: 'F32', shape: gradient.shape, data: (await gradient.data()) as Float32Array });
    gradient.dispose();
  }
  tf.dispose([grads, value, input]);
  return found;
}

describeEachBackend('one step of training, against PyTorch', () => {
  for (const [name, fixture] of moduleFixtures())
    for (const [kind, make] of makersFor(fixture)) {
      if (FAILS_IN_TFJS.includes(`${name} ${kind}`)) continue;
      it(`has the gradients of ${name} ${kind}`, async () => {
        const layer = make();
        loadStateDict(layer, fixture.stateDict, UNHEARD);
        const gradients = await gradientsOf(layer, fixture);
        layer.dispose();
        expect([...gradients.keys()]).to.have.members(Object.keys(fixture.gradients));
        tf.tidy(() => {
          for (const [key, gradient] of gradients)
            expectGradient(toTensor(gradient), fixture.gradients[key] as FloatTensor, key);
        });
      });
    }
});
