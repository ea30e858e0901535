import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CRUISER = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

/** By file of src what it imports, and the rule that this breaks. */
const FORBIDDEN: readonly (readonly [file: string, imported: string, rule: string])[] = [
  ['state-dict/read.ts', '../torch/cells.js', 'imports-of-state-dict'],
  ['state-dict/formats/open.ts', '@tensorflow/tfjs-core', 'no-tfjs'],
  ['state-dict/sources/disk/file.ts', 'node:fs', 'no-node'],
  ['torch/gates-note.ts', '../ops/gru.js', 'imports-of-torch'],
  ['matching/layout.ts', '../layers/gru.js', 'imports-of-matching'],
  ['kernels/host/call/forward.ts', '../../../ops/gru.js', 'imports-of-kernels'],
  ['ops/lstm.ts', '../kernels/host/call/forward.js', 'imports-of-ops'],
  ['layers/gru.ts', '../kernels/host/call/forward.js', 'imports-of-layers'],
  ['models/load.ts', '../ops/gru.js', 'imports-of-models'],
  ['keras/index.ts', '../models/load.js', 'imports-of-keras'],
  ['cli/main.ts', '../layers/gru.js', 'imports-of-cli'],
  ['cli/convert.ts', '@tensorflow/tfjs-layers', 'no-tfjs'],
  ['ops/rnn.ts', '@tensorflow/tfjs', 'dependencies-alone'],
  ['torch/cells.ts', './absent.js', 'unresolved'],
  ['ops/gru.ts', './rows.js', 'no-circles'],
];

const ALLOWED: readonly (readonly [file: string, imported: string])[] = [
  ['ops/rows.ts', './gru.js'],
  ['ops/run-step.ts', '../kernels/contract.js'],
  ['kernels/contract.ts', '../errors.js'],
  ['errors.ts', '@tensorflow/tfjs-core'],
  ['kernels/host/runtime/builds.ts', 'fflate'],
];

describe('the rules of imports', () => {
  it('are broken by each import that they forbid, and by no other', async function () {
    this.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), 'imports-'));
    try {
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      for (const [file, imported] of [...FORBIDDEN, ...ALLOWED]) {
        const path = join(folder, 'src', file);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, `import '${imported}';\n`);
      }
      const config = join(ROOT, '.dependency-cruiser.mjs');
      const args = [CRUISER, 'src', '--config', config, '--output-type', 'json'];
      const { stdout } = await promisify(execFile)(process.execPath, args, {
        cwd: folder,
        maxBuffer: 2 ** 26,
      });
      const { summary } = JSON.parse(stdout) as { summary: { violations: Violation[] } };
      const broken = summary.violations.map(({ from, rule }) => `${from}: ${rule.name}`);
      expect(broken).to.include.members(FORBIDDEN.map(([file, , rule]) => `src/${file}: ${rule}`));
      const files = new Set(FORBIDDEN.map(([file]) => `src/${file}`));
      // A circle is told of one of its files.
      expect(broken.filter((one) => !files.has(one.split(':')[0] as string))).to.deep.equal([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}
