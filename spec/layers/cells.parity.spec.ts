import { CELL_MODULES, cellFixtures, secondOrderFixtures } from '../support/fixtures.js';
import { describeParity } from '../support/parity-suite.js';

for (const module of CELL_MODULES) describeParity(module, cellFixtures(module), secondOrderFixtures(module));
