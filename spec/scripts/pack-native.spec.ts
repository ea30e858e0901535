import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { TARGETS } from '../../scripts/tools/build-native/targets.mjs';
import { writeMainPackage, writePlatformPackage } from '../../scripts/tools/pack-native/packages.mjs';

const NAMES = Object.keys(TARGETS);
const readManifest = (folder: string | URL) =>
  JSON.parse(
    readFileSync(
      typeof folder === 'string' ? join(folder, 'package.json') : new URL('package.json', folder),
      'utf8',
    ),
  );
const committed = readManifest(new URL('../../native/', import.meta.url));

describe('the packages of the native engine', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pack-native-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('hold one library each, for the systems that npm tells apart', () => {
    const library = join(folder, 'library');
    writeFileSync(library, 'a library');
    const systems = NAMES.map((target) => {
      const made = join(folder, target);
      writePlatformPackage(made, target, library);
      expect(readdirSync(made).sort()).to.deep.equal(['LICENSE', 'README.md', 'engine.node', 'package.json']);
      expect(readFileSync(join(made, 'engine.node'), 'utf8')).to.equal('a library');
      const { name, version, license, files, os, cpu, libc, ...others } = readManifest(made);
      expect(others).to.have.all.keys('description', 'engines', 'preferUnplugged');
      expect({ name, version, license, files }).to.deep.equal({
        name: `tfjs-torch-rnn-native-${target}`,
        version: committed.version,
        license: 'Apache-2.0',
        files: ['engine.node'],
      });
      return [os, cpu, libc].flat().join(' ');
    });
    expect(systems.map((system) => system.trim())).to.deep.equal([
      'linux x64 glibc',
      'linux arm64 glibc',
      'linux x64 musl',
      'linux arm64 musl',
      'darwin x64',
      'darwin arm64',
      'win32 x64',
      'win32 arm64',
    ]);
  });

  it('are optional dependencies of that which users install, of its own version', () => {
    const made = join(folder, 'users');
    writeMainPackage(made, NAMES);
    const { optionalDependencies, ...manifest } = readManifest(made);
    expect(optionalDependencies).to.deep.equal(
      Object.fromEntries(NAMES.map((target) => [`tfjs-torch-rnn-native-${target}`, committed.version])),
    );
    const { devDependencies: _, ...published } = committed;
    expect(manifest).to.deep.equal(published);
    expect(readdirSync(made).sort()).to.deep.equal(
      ['LICENSE', 'README.md', 'package.json', ...committed.files].sort(),
    );
  });

  it('are named by no manifest of the repository, which run nothing as they are installed', () => {
    const root = readManifest(new URL('../../', import.meta.url));
    expect(JSON.stringify([root, committed])).to.not.match(/native-(linux|darwin|win32)/);
    expect(committed).to.not.have.any.keys('scripts', 'dependencies', 'optionalDependencies');
    expect(root.peerDependencies).to.include({ [committed.name]: root.version });
    expect(root.peerDependenciesMeta[committed.name]).to.deep.equal({ optional: true });
    expect(root.dependencies).to.have.all.keys('fflate');
  });
});
