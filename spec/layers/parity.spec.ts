import { LAYER_MODULES, layerFixtures, secondOrderFixtures } from '../support/fixtures.js';
import { describeParity } from '../support/parity-suite.js';

for (const module of LAYER_MODULES)
  describeParity(module, layerFixtures(module), secondOrderFixtures(module));
