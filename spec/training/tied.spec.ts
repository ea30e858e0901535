/** A decoder whose output layer is its embedding: one weight that the state_dict lists under two names. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type StateDict, toStateDict } from '../../src/index.js';
import { expectSameBits } from '../models/torch-modules.js';
import { describeEachBackend } from '../support/backends.js';
import { heldOutLoss } from './character-model.js';
import { tiedFixtures } from './fixtures.js';
import { trainByHand } from './loop.js';
import { type TiedModel, tiedModel } from './tied-model.js';
import { ADAM_CURVE_TOLERANCE, largestError, relativeError } from './tolerance.js';

/** As torch lists a tied module: its weight under each of its names. */
async function exportTied({ embedding, rnn }: TiedModel): Promise<StateDict> {
  const parts = await Promise.all([
    toStateDict(embedding, { prefix: 'embedding' }),
    toStateDict(rnn, { prefix: 'rnn' }),
    toStateDict(embedding, { prefix: 'fc' }),
  ]);
  return new Map(parts.flatMap((part) => [...part]));
}

describeEachBackend('a tied decoder, against PyTorch', () => {
  // See curves.spec.ts.
  before(() => tf.env().set('IS_TEST', false));

  for (const { cell, task, stateDict, options, losses, heldOutLoss: expected } of tiedFixtures()) {
    it(`has the loss curve of ${cell} under tf.variableGrads, and its loss on held-out text`, () => {
      const model = tiedModel(cell, stateDict);
      const curve = trainByHand(model, task, options, losses.data.length);
      expect(largestError(curve, losses.data)).to.be.at.most(ADAM_CURVE_TOLERANCE);
      expect(relativeError(heldOutLoss(model.logits, task), expected)).to.be.at.most(ADAM_CURVE_TOLERANCE);
      model.dispose();
    });

    it(`gives the state_dict of ${cell} back with the weight under both names`, async () => {
      const model = tiedModel(cell, stateDict);
      expectSameBits(await exportTied(model), stateDict);
      model.dispose();
    });
  }
});
