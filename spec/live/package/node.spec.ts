import { createRequire } from 'node:module';
import { projectWithTfjs } from './support/projects.js';
import { runNode } from './support/run.js';

const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

describe('a project with tfjs, in Node', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectWithTfjs());
  });

  for (const program of ['model-import.mjs', 'model-require.cjs']) {
    it(`loads weights, predicts, exports, saves and loads: ${program}`, () => runNode([program], folder));
  }

  const strict = ['--noEmit', '--strict', '--skipLibCheck', '--target', 'es2022'];
  for (const [resolution, module, file] of [
    ['nodenext', 'nodenext', 'types.ts'],
    ['bundler', 'esnext', 'types.ts'],
    ['node16', 'node16', 'types-node16.cts'],
    ['node10', 'commonjs', 'types-node10.ts'],
  ]) {
    it(`compiles ${file} with moduleResolution ${resolution}`, () => {
      const resolving = ['--module', module, '--moduleResolution', resolution, '--ignoreDeprecations', '6.0'];
      return runNode([tsc, ...strict, ...resolving, file], folder);
    });
  }
});
