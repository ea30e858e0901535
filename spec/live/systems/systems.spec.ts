/**
 * The native engine on systems that this machine is not: cross-compiled, and run by their Node, in an emulator or on another C library.
 *
 *     npm run test:systems
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build } from 'esbuild';
import { run } from '../../../scripts/support/child-process.mjs';
import { buildTargets } from '../../../scripts/tools/build-native/build.mjs';
import { SETS } from '../../../scripts/tools/build-native/targets.mjs';
import { skip } from '../../support/skip.js';
import type { Answer } from './grid.js';
import { commandOf, NODES } from './nodes.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LIMIT_MS = 600_000;
/** As of the differential. */
const TOLERANCE = 1e-4;

describe('the native engine on another system', () => {
  let folder = '';
  let grid = '';

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'systems-'));
    grid = join(folder, 'grid.cjs');
    const entry = fileURLToPath(new URL('grid.ts', import.meta.url));
    const options = { bundle: true, platform: 'node', logLevel: 'error' } as const;
    // What package.json says of side effects is of dist.
    await build({ ...options, entryPoints: [entry], outfile: grid, ignoreAnnotations: true });
  });

  after(() => rmSync(folder, { recursive: true }));

  for (const node of NODES)
    it(`${node.target} computes what WebAssembly does`, async function () {
      const command = await commandOf(node);
      if (typeof command === 'string') skip(this, `${node.target}: ${command}`);
      await buildTargets([node.target], { say: () => {} });
      const { TFJS_TORCH_RNN_NATIVE: _, ...env } = process.env;
      const [program = '', ...args] = [...command, grid];
      const { ok, output, stdout } = await run(program, args, { cwd: ROOT, env, limitMs: LIMIT_MS });
      expect(ok, output).to.equal(true);
      const answer = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Answer;
      console.log(`    ${JSON.stringify(answer)}`);
      const arch = node.target.includes('arm64') ? 'arm64' : 'x64';
      expect(answer.arch).to.equal(arch);
      expect(answer.sets).to.have.length.greaterThan(0);
      expect(Object.keys(SETS[arch])).to.include.members([...answer.sets]);
      expect(answer.compared).to.be.greaterThan(0);
      expect(answer.worst).to.be.at.most(TOLERANCE);
    });
});
