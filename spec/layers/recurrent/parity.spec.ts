import { expect } from 'chai';
import { LAYER_MODULES, layerFixtures, secondOrderFixtures } from '../../support/fixtures.js';
import { describeParity } from '../../support/parity-suite.js';

for (const module of LAYER_MODULES) {
  describeParity(module, layerFixtures(module), secondOrderFixtures(module));

  it(`covers at least 15 cases of ${module}, and 3 of the second order`, () => {
    expect(layerFixtures(module).length).to.be.at.least(15);
    expect(secondOrderFixtures(module).length).to.be.at.least(3);
  });
}
