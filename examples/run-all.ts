/** `npm run examples`: runs every example and says which ones ran through. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const EXAMPLES = ['gru-shapes.ts', 'gru-classifier.ts', 'save-to-disk.ts', 'language-id/main.ts'];

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

let failed = 0;
for (const example of EXAMPLES) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    await run(process.execPath, ['--import', 'tsx', `examples/${example}`], { cwd: root });
    console.log(`ok    ${example} (${seconds()})`);
  } catch (error) {
    failed++;
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    console.log(`FAIL  ${example} (${seconds()})\n${stdout}${stderr}`);
  }
}
console.log(`${EXAMPLES.length - failed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
