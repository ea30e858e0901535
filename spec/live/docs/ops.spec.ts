import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { opsPage } from '../../../scripts/tools/make-ops-page.js';
import { FAMILIES } from '../../../src/program/ops/table.js';
import { ROOT } from './pages.js';

describe('docs/ops.md', () => {
  const page = readFileSync(join(ROOT, 'docs/ops.md'), 'utf8');

  it('is what the code has: else run npx tsx scripts/tools/make-ops-page.ts', () => {
    expect(page).to.equal(opsPage());
  });

  it('has every op once, under a title', () => {
    const lines = page.split('\n').filter((line) => line.includes(') -> '));
    expect(lines.sort()).to.deep.equal(FAMILIES.flatMap((family) => Object.keys(family)).sort());
    expect(page).not.to.include('## Others');
  });
});
