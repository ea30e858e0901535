import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { projectAlone, tarball } from './support/projects.js';
import { runNode } from './support/run.js';

const CLI = createRequire(import.meta.url).resolve('@arethetypeswrong/cli/package.json');
const ATTW = join(dirname(CLI), 'dist/index.js');
const ALLOWED = /^(dist\/.*|python\/torch_rnn_export\.py|package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;

describe('the tarball', () => {
  let installed: string;
  let folder: string;
  let files: string[];
  let manifest: Record<string, unknown> & {
    exports: Record<string, string | Record<string, string>>;
    bin: Record<string, string>;
  };
  before(async () => {
    const project = await projectAlone();
    installed = project.installed;
    folder = join(project.folder, 'node_modules/tfjs-torch-rnn');
    manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .replaceAll('\\', '/'),
      );
  });

  it('holds dist/, the script for PyTorch and the texts, nothing else', () => {
    expect(files.filter((file) => !ALLOWED.test(file))).to.deep.equal([]);
    expect(files).to.include.members([
      'README.md',
      'LICENSE',
      'CHANGELOG.md',
      'dist/index.js',
      'python/torch_rnn_export.py',
    ]);
  });

  it('holds every file that its manifest names', () => {
    const exported = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === 'string' ? [entry] : Object.values(entry),
    );
    const { main, types, unpkg, jsdelivr, sideEffects, browser } = manifest as unknown as Record<
      string,
      string
    > & {
      sideEffects: string[];
      browser: Record<string, false>;
    };
    const scripts = [unpkg, jsdelivr, ...Object.values(manifest.bin)];
    const named = [main, types, ...scripts, ...sideEffects, ...Object.keys(browser), ...exported];
    expect(named.filter((path) => !existsSync(join(folder, path)))).to.deep.equal([]);
  });

  it('lists types first in every entry, where TypeScript looks for them', () => {
    const entries = Object.entries(manifest.exports).filter(([name]) => name !== './package.json');
    for (const [name, entry] of entries) expect(Object.keys(entry), name).to.deep.equal(['types', 'default']);
  });

  it('has the declarations of every module', () => {
    const modules = files.filter((file) => file.endsWith('.js') && file !== 'dist/torch-rnn.min.js');
    expect(modules).to.include('dist/keras/index.js');
    expect(modules.filter((file) => !files.includes(file.replace(/\.js$/, '.d.ts')))).to.deep.equal([]);
  });

  it('is clean for publint', async () => {
    const { buffer } = new Uint8Array(readFileSync(await tarball()));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, level: 'suggestion' });
    // `imports` in the place of `browser` would have what runs from source load built files.
    const others = messages.filter(({ code }) => code !== 'USE_EXPORTS_OR_IMPORTS_BROWSER');
    expect(others.map((message) => formatMessage(message, pkg))).to.deep.equal([]);
  });

  it('has right types for every resolution, for attw', async () => {
    const file = await tarball();
    // The package is ES modules alone, which Node requires since 20.19; types-node16.cts has what it is for an older TypeScript.
    await runNode([ATTW, file, '--ignore-rules', 'cjs-resolves-to-esm'], dirname(file));
  });

  it('runs nothing as it is installed, brings an inflater alone, and npm has nothing to warn of', () => {
    expect(manifest).to.not.have.property('scripts');
    expect(manifest.dependencies).to.have.all.keys('fflate');
    expect(installed).to.not.match(/warn/i);
  });
});
