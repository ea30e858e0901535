/** `npm run examples`: runs every example and says which ones ran through. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Example {
  readonly file: string;
  readonly args?: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  { file: 'gru-shapes.ts' },
  { file: 'gru-classifier.ts' },
  { file: 'lstm-vs-gru.ts', args: ['--runs', '3'] },
  { file: 'save-to-disk.ts' },
  { file: 'language-id/main.ts' },
];

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

const counts = { passed: 0, failed: 0 };
for (const { file, args = [] } of EXAMPLES) {
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(1)} s`;
  try {
    await run(process.execPath, ['--import', 'tsx', `examples/${file}`, ...args], { cwd: root });
    counts.passed++;
    console.log(`ok    ${file} (${seconds()})`);
  } catch (error) {
    counts.failed++;
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    console.log(`FAIL  ${file} (${seconds()})\n${stdout}${stderr}`);
  }
}
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exitCode = counts.failed > 0 ? 1 : 0;
