// @ts-check
// Packs dist/, which npm builds before (prepack), and the texts for npm, without what only a checkout uses: scripts, what they need,
// and the workspace. The last line printed is the tarball's path.
//
//   npm run pack -- [FOLDER]
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmPack } from '../support/npm-pack.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const destination = resolve(process.argv[2] ?? '.');
mkdirSync(destination, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'tfjs-torch-rnn-pack-'));
try {
  const {
    scripts: _,
    devDependencies: __,
    workspaces: ___,
    ...manifest
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const name of [...manifest.files, 'README.md', 'LICENSE']) {
    cpSync(join(ROOT, name), join(staging, name), { recursive: true });
  }
  writeFileSync(join(staging, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(await npmPack(staging, destination));
} finally {
  rmSync(staging, { recursive: true });
}
