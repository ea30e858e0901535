import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect } from 'chai';
import { projectAlone } from './support/projects.js';
import { runNode } from './support/run.js';

describe('a project without tfjs', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectAlone());
  });

  it('has the package, and no tfjs', () => {
    expect(existsSync(join(folder, 'node_modules/tfjs-torch-rnn'))).to.equal(true);
    const { resolve } = createRequire(join(folder, 'index.js'));
    expect(() => resolve('@tensorflow/tfjs-core')).to.throw(/Cannot find/);
  });

  it('imports ./state-dict: writes, parses and reads a file', () =>
    runNode(['state-dict-import.mjs'], folder));

  it('requires ./state-dict: writes and parses a file', () => runNode(['state-dict-require.cjs'], folder));

  it('imports ./node-shim', () => runNode(['node-shim.mjs'], folder));
});
