/** A project that compiles and runs what `inspect` prints. */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ROOT, runNode, TSX } from '../support.js';

/** The compiler reads the declarations of tfjs each time, which takes a busy machine half a minute. */
export const COMPILE_LIMIT_MS = 180_000;

const require = createRequire(import.meta.url);

export class GeneratedProject {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'generated-'));

  constructor() {
    symlinkSync(join(ROOT, 'node_modules'), join(this.folder, 'node_modules'), 'junction');
    writeFileSync(join(this.folder, 'package.json'), '{ "type": "module" }');
    const compilerOptions = {
      target: 'ES2022',
      module: 'NodeNext',
      strict: true,
      skipLibCheck: true,
      noEmit: true,
      types: ['node'],
      paths: { 'tfjs-torch-rnn': [join(ROOT, 'src/index.ts')] },
    };
    writeFileSync(
      join(this.folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['generated.ts', 'check.ts'] }),
    );
  }

  /** Type-checks the code and `check`, which imports it as `./generated.js`, runs them, and gives what they print. */
  async run(code: string, check: string): Promise<string> {
    writeFileSync(join(this.folder, 'generated.ts'), `${code}\n`);
    writeFileSync(join(this.folder, 'check.ts'), check);
    const checked = await runNode([require.resolve('typescript/bin/tsc'), '-p', this.folder], this.folder);
    expect(checked.stdout).to.equal('');
    const ran = await runNode(['--import', TSX, 'check.ts'], this.folder);
    expect(ran.code, ran.stderr).to.equal(0);
    return ran.stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
