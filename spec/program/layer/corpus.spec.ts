/** Models of the corpus, stored by make_program_models.py, where PyTorch is not: also in pages. `npm run test:program` has all of them. */

import { compareModel } from '../../live/program/compare-model.js';
import { ExportedModel } from '../../live/program/exported-model.js';
import { describeEachBackend } from '../../support/backends.js';
import { fixtureBytes, fixtureNames } from '../../support/node/files.js';

const FOLDER = 'program/models';
const names = fixtureNames(FOLDER).filter((name) => name.endsWith('.pt2'));

describeEachBackend('models of the corpus against PyTorch', () => {
  for (const file of names) {
    const name = file.replace('.pt2', '');
    it(name, async () => {
      const read = (extension: string) => fixtureBytes(`${FOLDER}/${name}.${extension}`);
      await compareModel(new ExportedModel(read('pt2'), read('safetensors')), { forward: 0, gradient: 0 });
    });
  }
});
