/** A decoder whose output layer is its embedding: one weight that the state_dict lists under two names. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type StateDict, toStateDict } from '../../src/index.js';
import { expectSameBits } from '../models/torch-modules.js';
import { describeEachBackend } from '../support/backends.js';
import { heldOutLoss } from './character-model.js';
import { tiedFixtures } from './fixtures.js';
import { trainByHand } from './loop.js';
import { TIED, tiedModel } from './tied-model.js';
import { CURVE_TOLERANCE, largestError, relativeError } from './tolerance.js';

/** torch lists `fc` after `rnn`; whatever the order, load_state_dict takes it. */
const sorted = (stateDict: StateDict): StateDict =>
  new Map([...stateDict].sort(([a], [b]) => (a < b ? -1 : 1)));

describeEachBackend('a tied decoder, against PyTorch', () => {
  // See curves.spec.ts.
  before(() => tf.env().set('IS_TEST', false));

  for (const { cell, task, stateDict, options, losses, heldOutLoss: expected } of tiedFixtures()) {
    it(`has the loss curve of ${cell} under tf.variableGrads, and its loss on held-out text`, async () => {
      const model = tiedModel(cell, stateDict);
      const curve = await trainByHand(model, task, options, losses.data.length);
      expect(largestError(curve, losses.data)).to.be.at.most(CURVE_TOLERANCE);
      expect(relativeError(await heldOutLoss(model.logits, task), expected)).to.be.at.most(CURVE_TOLERANCE);
      model.body.dispose();
    });

    it(`gives the state_dict of ${cell} back with the weight under both names`, async () => {
      const model = tiedModel(cell, stateDict);
      expectSameBits(sorted(await toStateDict(model.body, { map: TIED })), sorted(stateDict));
      model.body.dispose();
    });
  }
});
