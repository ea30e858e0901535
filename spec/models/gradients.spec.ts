// One step of training of every module in the table of the README, on every backend: what tfjs lacks a kernel for fails here.
import { expect } from 'chai';
import { loadStateDict } from '../../src/models/load-state-dict.js';
import { describeEachBackend } from '../support/backends.js';
import { type FloatTensor, moduleFixtures } from '../support/fixtures.js';
import { expectGradient } from '../support/gradients.js';
import { toTensor } from '../support/parity.js';
import { tidied } from '../support/tidied.js';
import { UNHEARD } from '../support/unheard.js';
import { gradientsOf, makersFor } from './torch-modules.js';

/** tfjs has no gradient of its batch normalization without a scale. */
const FAILS_IN_TFJS = ['BatchNorm1d-no-affine tf.layers'];

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
        await tidied(async () => {
          for (const [key, gradient] of gradients)
            await expectGradient(toTensor(gradient), fixture.gradients[key] as FloatTensor, key);
        });
      });
    }
});
