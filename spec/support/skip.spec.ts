import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SUITE = `
const { skip } = await import(${JSON.stringify(new URL('skip.ts', import.meta.url).href)});
describe('a suite', () => {
  before(function () { skip(this, 'no device'); });
  it('one', () => {});
  describe('inside', () => it('two', () => {}));
});
it('three', function () { skip(this, 'no link'); });
it.skip('four', () => {});
it('five', () => {});
`;

describe('skip', () => {
  for (const parallel of [false, true])
    it(`has the reporter say why tests of a suite, and single ones, were skipped${parallel ? ', in parallel' : ''}`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'skip-'));
      const files = [join(folder, 'suite.mjs'), join(folder, 'other.mjs')];
      await writeFile(files[0] as string, SUITE);
      await writeFile(files[1] as string, '');
      const mocha = join(ROOT, 'node_modules/mocha/bin/mocha.js');
      const reporter = join(ROOT, 'spec/support/plain-reporter.mjs');
      const options = ['--no-config', '--import=tsx', '--reporter', reporter];
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [mocha, ...options, ...(parallel ? ['--parallel', '--jobs', '2'] : []), ...files],
        { cwd: ROOT },
      );
      const told = stdout.trimEnd().split('\n').slice(-4);
      expect(told.pop()).to.equal('1 passed, 0 failed, 4 skipped');
      expect(told).to.have.members([
        '1 skipped: no link',
        '1 skipped: no reason given',
        '2 skipped: no device',
      ]);
      await rm(folder, { recursive: true });
    });
});
