import { join } from 'node:path';
import { expect } from 'chai';
import { run } from '../../../scripts/support/child-process.mjs';
import { projectWithRuntimes } from './support/projects.js';

const LIMIT_MS = 120_000;

describe('threads of the engine, in a project of', () => {
  let folder: string;
  before(async () => {
    ({ folder } = await projectWithRuntimes());
  });

  for (const [runtime, args] of [
    ['node', []],
    ['bun', []],
    // The package comes from node_modules, as npm has installed it.
    ['deno', ['run', '--allow-all', '--node-modules-dir=manual']],
  ] as const)
    it(`${runtime}: workers live, numbers are the same, and the process ends by itself`, async () => {
      const program = runtime === 'node' ? process.execPath : join(folder, 'node_modules/.bin', runtime);
      const result = await run(program, [...args, 'threads.mjs'], { cwd: folder, limitMs: LIMIT_MS });
      expect(result.output).to.include('threads: ok');
      expect(result.ok, result.output).to.equal(true);
    });
});
