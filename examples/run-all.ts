/** `npm run examples`: runs every example and says which ones ran through. */

import './support/closed-pipe.js';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Example {
  readonly file: string;
  readonly args?: readonly string[];
  /** A file that is not in the repository, and the command that fetches it. */
  readonly needs?: { readonly file: string; readonly command: string };
}

const EXAMPLES: readonly Example[] = [
  { file: 'gru-shapes.ts' },
  { file: 'gru-classifier.ts' },
  { file: 'lstm-vs-gru.ts', args: ['--runs', '3'] },
  { file: 'save-to-disk.ts' },
  { file: 'programs/gru.ts' },
  { file: 'programs/classifier.ts' },
  { file: 'programs/translator.ts' },
  { file: 'language-id/program.ts' },
  { file: 'language-id/main.ts' },
  { file: 'fine-tune/main.ts' },
  { file: 'seq2seq/main.ts' },
  { file: 'g2p/main.ts', needs: { file: 'g2p/model/g2p-en.safetensors', command: 'npm run g2p:model' } },
];

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));

const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { file, args = [], needs } of EXAMPLES) {
  if (needs && !existsSync(new URL(needs.file, import.meta.url))) {
    counts.skipped++;
    console.log(`skip  ${file} (${needs.file} is not there: ${needs.command} fetches it)`);
    continue;
  }
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
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`);
process.exitCode = counts.failed > 0 ? 1 : 0;
