import { expect } from 'chai';
import { differenceFromCpu, randomCombination } from '../../support/differential.js';
import { Random } from '../../support/random.js';
import { describeOnWebGpu } from './case.js';

/** That of the engine's comparison. */
const TOLERANCE = 1e-4;

/** Each combination has shaders of its own, which a software adapter compiles in seconds. */
const COUNT = 8;

describeOnWebGpu('the WGSL kernels against the reference on cpu', () => {
  it('agrees in outputs, states and gradients over random combinations', async () => {
    const random = new Random(7);
    for (let seed = 0; seed < COUNT; seed++) {
      const { steps, ...combination } = randomCombination(random, seed, 5e4);
      // A step of the reference takes as long as a hundred of the kernels.
      const short = { ...combination, steps: Math.min(steps, 40) };
      if (combination.cell === 'LSTM projected') continue;
      expect(await differenceFromCpu(short, 'webgpu'), JSON.stringify(short)).to.be.at.most(TOLERANCE);
    }
  });
});
