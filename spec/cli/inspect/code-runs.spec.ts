import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import type { RecognisedModule } from '../../../src/torch/modules.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { FIRST_ROW } from '../../layers/embedding/fixture.js';
import { COMPILE_LIMIT_MS, GeneratedProject, inspected, layerErrors } from './generated.js';

/** What scripts/fixtures/make_inspected.py and make_whole_modules.py wrote. */
const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

/** float32 rounding of sums of a few products: measured 3e-7. */
const LARGEST_ERROR = 1e-6;

describe('the code that inspect prints', () => {
  it('computes what PyTorch does, for every kind of module and of reparametrised weight', async () => {
    const source = fixture('inspected/modules.safetensors');
    const modules = recogniseModules(await readStateDict(source));
    expect(modules.filter(({ kind }) => kind === 'unknown')).to.deep.equal([]);
    await expectOutputs(
      modules,
      rebuildingCode(modules, { source }),
      fixture('inspected/answers.safetensors'),
    );
  }).timeout(COMPILE_LIMIT_MS);

  it('computes it with the settings that the file of a whole module tells', async () => {
    const { modules, code } = await inspected(fixture('whole-modules/modules.pt'));
    expect(modules.flatMap(({ doubts }) => doubts)).to.deep.equal([]);
    await expectOutputs(modules, code, fixture('whole-modules/answers.safetensors'));
  }).timeout(COMPILE_LIMIT_MS);

  it('warns of nothing where the model reads its padding, and says what to change where it packs', async () => {
    const project = new GeneratedProject();
    try {
      const source = join(project.folder, 'padded.safetensors');
      const stateDict = FIRST_ROW.below('before');
      writeFileSync(source, writeSafetensors(stateDict));
      const code = rebuildingCode(recogniseModules(stateDict), { source });
      expect(code).to.include('maskPadding: false').and.include('tf.sequential');
      expect(code).to.include(
        '// paddingIdx: 0 and maskPadding: true only where the module packs its input and index 0 pads.',
      );
      const packing = code.replace('maskPadding: false', 'paddingIdx: 0, maskPadding: true');
      for (const [own, answer] of [
        [code, 'unpacked'],
        [packing, 'packed'],
      ] as const) {
        const [ids, expected] = [FIRST_ROW.get('ids'), FIRST_ROW.get(answer)];
        const check = `
          import * as tf from '@tensorflow/tfjs';
          console.warn = (...texts) => console.log('WARNED', ...texts);
          const { model } = await import('./generated.js');
          const y = model.predict(tf.tensor([${ids.data}], [${ids.shape}])) as tf.Tensor;
          console.log('error', y.sub(tf.tensor([${expected.data}], [${expected.shape}])).abs().max().arraySync());`;
        const printed = await project.run(own, check);
        // tfjs itself recommends its Node backend.
        expect(printed).to.not.include('WARNED loadStateDict');
        expect(Number(/^error (.*)$/m.exec(printed)?.[1]), answer).to.be.below(LARGEST_ERROR);
      }
    } finally {
      project.remove();
    }
  }).timeout(2 * COMPILE_LIMIT_MS);
});

async function expectOutputs(modules: readonly RecognisedModule[], code: string, answers: string) {
  const errors = await layerErrors(code, answers);
  expect([...errors.keys()]).to.have.members(modules.map(({ path }) => path));
  for (const [name, error] of errors) expect(Number(error), `${name} ${error}`).to.be.below(LARGEST_ERROR);
}
