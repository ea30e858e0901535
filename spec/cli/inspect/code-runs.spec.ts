import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { rebuildingCode } from '../../../src/cli/inspect/code.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { recogniseModules } from '../../../src/torch/recognise.js';
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
});
