import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
import { FIRST_ROW } from '../../layers/embedding/fixture.js';
import { COMPILE_LIMIT_MS, GeneratedProject } from './generated.js';

/** What scripts/fixtures/make_inspected.py wrote. */
const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/inspected/${name}.safetensors`, import.meta.url));

/** Runs each layer on its input, and prints how far its output is from PyTorch's. */
const CHECK = `
import * as tf from '@tensorflow/tfjs';
import { readStateDict, toTensor } from 'tfjs-torch-rnn';
import * as own from './generated.js';
const answers = await readStateDict(ANSWERS);
const camel = (path: string) => path.replace(/_(\\w)/g, (_, letter: string) => letter.toUpperCase());
for (const name of [...answers.keys()].filter((key) => key.endsWith('.x')).map((key) => key.slice(0, -2))) {
  const layer = (own as Record<string, unknown>)[camel(name)] as tf.layers.Layer & { forward?(x: tf.Tensor): unknown };
  if (layer === undefined) {
    console.log(name, 'ABSENT');
    continue;
  }
  const [x, y] = ['x', 'y'].map((end) => toTensor(answers.get(name + '.' + end)!));
  const given = layer.forward?.(x) ?? layer.apply(x);
  const found = given instanceof tf.Tensor ? given : ((given as { output?: tf.Tensor; h?: tf.Tensor }).output ?? (given as { h: tf.Tensor }).h);
  console.log(name, String(found.shape) === String(y.shape) ? found.sub(y).abs().max().arraySync() : 'SHAPE ' + found.shape);
}
`;

/** float32 rounding of sums of a few products: measured 3e-7. */
const LARGEST_ERROR = 1e-6;

describe('the code that inspect prints', () => {
  it('computes what PyTorch does, for every kind of module and of reparametrised weight', async () => {
    const project = new GeneratedProject();
    try {
      const source = fixture('modules');
      const modules = recogniseModules(await readStateDict(source));
      expect(modules.filter(({ kind }) => kind === 'unknown')).to.deep.equal([]);
      const code = rebuildingCode(modules, { source });
      const printed = await project.run(
        code,
        `const ANSWERS = ${JSON.stringify(fixture('answers'))};${CHECK}`,
      );
      const lines = printed.split('\n').filter((line) => line.includes(' '));
      expect(lines).to.have.lengthOf(modules.length);
      for (const line of lines) expect(Number(line.split(' ')[1]), line).to.be.below(LARGEST_ERROR);
    } finally {
      project.remove();
    }
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
