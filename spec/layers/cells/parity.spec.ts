import { expect } from 'chai';
import { CELL_MODULES, cellFixtures, secondOrderFixtures } from '../../support/fixtures.js';
import { describeParity } from '../../support/parity-suite.js';

for (const module of CELL_MODULES) {
  describeParity(module, cellFixtures(module), secondOrderFixtures(module));

  it(`covers at least 7 cases of ${module}, and 1 of the second order`, () => {
    expect(cellFixtures(module).length).to.be.at.least(7);
    expect(secondOrderFixtures(module).length).to.be.at.least(1);
  });
}
