// @ts-check
// Packs dist/ and the texts for npm, without what only a checkout uses: scripts, and what they need. The last line printed is the
// tarball's path.
//
//   npm run pack -- [FOLDER]
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npm } from '../support/child-process.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LIMIT_MS = 5 * 60_000;

const destination = resolve(process.argv[2] ?? '.');
mkdirSync(destination, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-pack-'));
try {
  const {
    scripts: _,
    devDependencies: __,
    ...manifest
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of [...manifest.files, 'README.md', 'LICENSE']) {
    cpSync(join(ROOT, name), join(staging, name), { recursive: true });
  }
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const { ok, output } = await npm(['pack', '--pack-destination', destination], {
    cwd: staging,
    limitMs: LIMIT_MS,
  });
  if (!ok) throw new Error(`npm pack failed:\n${output}`);
  console.log(join(destination, `${manifest.name}-${manifest.version}.tgz`));
} finally {
  rmSync(staging, { recursive: true });
}
