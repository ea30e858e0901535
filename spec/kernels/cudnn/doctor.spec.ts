import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { examine } from '../../../src/cli/doctor/examine.js';
import { describeEachBackend } from '../../support/backends.js';

describeEachBackend('what doctor tells of cuDNN', (backend) => {
  if (backend !== 'tensorflow' || process.env.CUDNN !== 'stand-in') return;

  after(() => tf.env().set('PROD', false));

  it('is the findings of the self-check, differences and times beside those of others', async () => {
    const { kernels, differences, timings } = await examine('tensorflow');
    expect(kernels).to.match(
      /^cudnn: cuDNN runs whole sequences on the GPU.*; its GRU is within \S+e-7 of the engine's, in float32; .*engine: the engine runs/,
    );
    for (const each of Object.values(differences)) expect(each.cuDNN).to.be.within(0, 1e-5);
    // The stand-in is slow: it is not asked for the larger ones.
    expect(timings[0]!.milliseconds.cuDNN).to.be.greaterThan(0);
    for (const { auto } of timings) expect(auto).to.match(/^cudnn: about/);
  }).timeout(120_000);
});
