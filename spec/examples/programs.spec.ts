import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { readStateDict } from '../../src/state-dict/read.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** Rejects where the example exits with another code than 0. */
async function runExample(file: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await run(process.execPath, ['--import', 'tsx', `examples/${file}`, ...args], {
    cwd: root,
  });
  expect(stderr).to.equal('');
  return stdout;
}

const checks = (output: string) => [...output.matchAll(/^ok {3}(.*) \[/gm)].map(([, what]) => what);

describe('examples/programs', function () {
  // Each starts Node, tsx and tfjs on what may be a busy machine.
  this.timeout(180_000);

  it("gru.ts gives PyTorch's numbers", async () => {
    expect(checks(await runExample('programs/gru.ts'))).to.deep.equal(['output', 'hn']);
  });

  it("classifier.ts trains with PyTorch's losses, and writes what PyTorch loads", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'programs-'));
    try {
      const output = await runExample('programs/classifier.ts', folder);
      expect(checks(output)).to.deep.equal(['logits', 'losses of fit', 'logits of the model that was saved']);
      expect(output).to.match(/right: 80\.0%[\s\S]*right: 95\.0%/);
      const written = await readStateDict(join(folder, 'model.safetensors'));
      expect([...written.keys()]).to.include.members([
        'embedding.weight',
        'gru.weight_hh_l0_reverse',
        'fc.bias',
      ]);
      expect(written.size).to.equal(11);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("translator.ts reads numbers with PyTorch's attention", async () => {
    const output = await runExample('programs/translator.ts', 'eighty-five');
    expect(checks(output)).to.deep.equal(['digits', 'logits', 'attention']);
    expect(output).to.match(/\neighty-five {2}85\n/);
  });

  it("language-id/program.ts gives PyTorch's answers", async () => {
    expect(await runExample('language-id/program.ts')).to.match(/same answer as PyTorch +(\d+) of \1\n/);
  });
});
