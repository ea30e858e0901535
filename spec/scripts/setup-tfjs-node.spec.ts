import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { failureReason, run } from '../../scripts/support/child-process.mjs';
import { diskShortage } from '../../scripts/tools/setup-tfjs-node/build-from-wheel.mjs';
import { changedPackages, extraneousPackages } from '../../scripts/tools/setup-tfjs-node/package-install.mjs';
import { findTools, unsupportedMachine } from '../../scripts/tools/setup-tfjs-node/toolchain.mjs';
import { skip } from '../support/skip.js';

const SCRIPTS = fileURLToPath(new URL('../../scripts', import.meta.url));

describe('setup:tfjs-node: other packages in node_modules', () => {
  it('names those that package.json does not know, for npm to keep', () => {
    const listing = {
      dependencies: {
        mocha: { version: '12.0.3', resolved: 'https://registry.npmjs.org/mocha/-/mocha-12.0.3.tgz' },
        'is-odd': { version: '3.0.1', extraneous: true, resolved: 'https://registry.npmjs.org/is-odd.tgz' },
        linked: { version: '1.0.0', extraneous: true, resolved: 'file:../../linked' },
        '@scope/linked': { version: '1.0.0', extraneous: true, resolved: 'file:../../../scoped' },
        forked: { version: '2.0.0', extraneous: true, resolved: 'git+ssh://git@github.com/a/forked.git#abc' },
        '@tensorflow/tfjs-node': { version: '4.21.0', extraneous: true },
      },
    };
    expect(extraneousPackages(listing, '@tensorflow/tfjs-node')).to.deep.equal([
      'is-odd@3.0.1',
      join('..', 'linked'),
      join('..', 'scoped'),
      'git+ssh://git@github.com/a/forked.git#abc',
    ]);
  });

  it('are nothing to keep in an empty project', () => {
    expect(extraneousPackages({}, '@tensorflow/tfjs-node')).to.deep.equal([]);
  });

  it('count as changed when gone or of another version, and not when added', () => {
    const before = {
      dependencies: { a: { version: '1.0.0' }, b: { version: '1.0.0' }, c: { version: '1.0.0' } },
    };
    const after = {
      dependencies: { a: { version: '1.0.0' }, b: { version: '1.0.1' }, d: { version: '1.0.0' } },
    };
    expect(changedPackages(before, after, '@tensorflow/tfjs-node')).to.deep.equal(['b@1.0.0', 'c@1.0.0']);
    expect(changedPackages(before, before, '@tensorflow/tfjs-node')).to.deep.equal([]);
  });

  it('do not count as changed for lacking an optional peer dependency', () => {
    const listing = { dependencies: { '@tensorflow/tfjs-node-gpu': {} } };
    expect(changedPackages(listing, listing, '@tensorflow/tfjs-node')).to.deep.equal([]);
  });
});

describe('setup:tfjs-node: the machine', () => {
  it('is supported on Linux x64 from glibc 2.17 on', () => {
    for (const glibc of ['2.17', '2.36', '3.0']) {
      expect(unsupportedMachine({ platform: 'linux', arch: 'x64', glibc }), glibc).to.equal(undefined);
    }
  });

  it('is refused with an older glibc, naming both versions', () => {
    expect(unsupportedMachine({ platform: 'linux', arch: 'x64', glibc: '2.12' })).to.equal(
      "TensorFlow's Python wheel needs glibc 2.17 or newer, this is 2.12",
    );
  });

  it('is refused without glibc', () => {
    expect(unsupportedMachine({ platform: 'linux', arch: 'x64', glibc: undefined })).to.contain(
      'needs glibc, this system has another C library (Alpine?)',
    );
  });

  it('is refused on other platforms, with what to do there', () => {
    for (const [platform, arch] of [
      ['darwin', 'arm64'],
      ['win32', 'x64'],
      ['linux', 'arm64'],
    ] as const) {
      const reason = unsupportedMachine({ platform, arch, glibc: '2.36' });
      expect(reason).to.contain(`needs Linux x64, this is ${platform} ${arch}`);
      expect(reason).to.contain('allow storage.googleapis.com, or name a mirror with TFJS_NODE_CDN_STORAGE');
      expect(reason).to.contain('tfjs-node-gpu has one for Windows x64 alone');
    }
  });
});

describe('setup:tfjs-node: the disk', () => {
  it('is refused where it is too full, naming what is free and what is needed', () => {
    expect(diskShortage(1.6e9, 0.42e9)).to.equal(
      'the disk has 0.4 GB free, and this needs 1.6 GB. Make room, then run this again',
    );
    expect(diskShortage(1.6e9, 1.6e9)).to.equal(undefined);
  });
});

describe('setup:tfjs-node: the tools of the build', () => {
  let bin: string;

  beforeEach(() => {
    bin = mkdtempSync(join(tmpdir(), 'tools-'));
  });

  afterEach(() => rmSync(bin, { recursive: true }));

  const addProgram = (name: string, script: string) => {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  };

  it('are all named at once where none is there', async () => {
    const { missing } = await findTools({ PATH: bin });
    expect(missing.map((text) => text.split(' (')[0])).to.deep.equal(['Python 3', 'make', 'a C++ compiler']);
  });

  it('include pip of the Python that was found', async () => {
    addProgram('python', '[ "$1" = -c ]');
    addProgram('make', 'exit 0');
    addProgram('g++', 'exit 0');
    const { python, missing } = await findTools({ PATH: bin });
    expect(python).to.equal('python');
    expect(missing).to.have.length(1);
    expect(missing[0]).to.contain('pip for Python 3');
  });

  it('are complete with a compiler that CXX names, arguments and all', async () => {
    addProgram('python3', 'exit 0');
    addProgram('make', 'exit 0');
    addProgram('my-compiler', '[ "$1" = -m64 ]');
    expect(await findTools({ PATH: bin, CXX: 'my-compiler -m64' })).to.deep.equal({
      python: 'python3',
      missing: [],
    });
  });
});

describe('setup:tfjs-node: a child process', () => {
  const node = (script: string, limitMs: number) => run(process.execPath, ['-e', script], { limitMs });

  it('hands back its output and success', async () => {
    const result = await node('console.log("out"); console.error("err")', 20_000);
    expect(result).to.include({ ok: true, timedOut: false, stdout: 'out\n' });
    expect(result.output).to.contain('out\n').and.to.contain('err\n');
  });

  it('fails with its exit status', async () => {
    const result = await node('process.exit(3)', 20_000);
    expect(result).to.include({ ok: false, timedOut: false });
  });

  it('fails where the program does not exist', async () => {
    const result = await run('no-such-program', [], { limitMs: 20_000 });
    expect(result.ok).to.equal(false);
    expect(failureReason(result)).to.contain('spawn no-such-program ENOENT');
  });

  it('is ended at the limit together with what it started', async () => {
    const grandchild = 'console.log(process.pid); setInterval(() => {}, 1000)';
    const script = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' })`;
    // run() waits for the end of the output, which the second process holds open: it comes back only when both are dead.
    const result = await node(script, 1500);
    expect(result).to.include({ ok: false, timedOut: true });
    expect(result.stdout, 'the second process ran').to.match(/^\d+\n$/);
    expect(failureReason(result)).to.equal('it did not finish in time');
  });
});

describe('setup:tfjs-node: the reason of a failure', () => {
  const reason = (output: string) => failureReason({ ok: false, timedOut: false, stdout: '', output });

  it("is npm's error rather than its codes and its log file", () => {
    const output =
      'npm error code ENOTFOUND\nnpm error errno ENOTFOUND\nnpm error request failed: getaddrinfo ENOTFOUND host\n' +
      'npm error A complete log of this run can be found in: /home/a/.npm/_logs/debug-0.log\n';
    expect(reason(output)).to.equal('request failed: getaddrinfo ENOTFOUND host');
  });

  it('is the last line where none looks like an error', () => {
    expect(reason('first\nlast\n\n')).to.equal('last');
    expect(reason('')).to.equal('it printed nothing');
  });
});

describe('npm run setup:tfjs-node', function () {
  this.timeout(120_000);
  let project: string;

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'setup-tfjs-node-'));
    cpSync(SCRIPTS, join(project, 'scripts'), { recursive: true });
    mkdirSync(join(project, 'bin'));
    symlinkSync(
      execFileSync('/bin/sh', ['-c', 'command -v sh'], { encoding: 'utf8' }).trim(),
      join(project, 'bin/sh'),
    );
  });

  afterEach(() => rmSync(project, { recursive: true }));

  /** Runs the script in the project with a program of the test's in place of npm, and no other program on the PATH. */
  const setUp = (npmProgram: string, options: readonly string[] = []) => {
    writeFileSync(join(project, 'npm.cjs'), npmProgram);
    return spawnSync(process.execPath, ['scripts/tools/setup-tfjs-node.mjs', ...options], {
      cwd: project,
      encoding: 'utf8',
      env: {
        PATH: join(project, 'bin'),
        npm_execpath: join(project, 'npm.cjs'),
        TFJS_NODE_CDN_STORAGE: 'http://localhost:1/',
      },
    });
  };

  it('exits with 1 and the reason where npm cannot install the package', () => {
    const { status, stderr } = setUp(`
      if (process.argv[2] === 'ls') console.log('{}');
      else { console.error('npm error request failed: getaddrinfo ENOTFOUND registry'); process.exit(1); }`);
    expect(stderr).to.contain(
      'npm could not install @tensorflow/tfjs-node@4.22.0: request failed: getaddrinfo',
    );
    expect(status).to.equal(1);
  });

  it('exits with 1 where npm took another package away', () => {
    const { status, stderr } = setUp(`
      const fs = require('node:fs');
      const listing = { dependencies: fs.existsSync('installed') ? {} : { chai: { version: '6.3.0' } } };
      if (process.argv[2] === 'ls') console.log(JSON.stringify(listing));
      else fs.writeFileSync('installed', '');`);
    expect(stderr).to.contain('npm changed other packages: chai@6.3.0. Run npm ci, then this again.');
    expect(status).to.equal(1);
  });

  it('goes on to the wheel where the download fails, and names the tools that are missing', function () {
    if (process.platform !== 'linux' || process.arch !== 'x64') skip(this, 'the wheel is for Linux x64');
    const { status, stdout, stderr } = setUp(`
      const fs = require('node:fs');
      const folder = 'node_modules/@tensorflow/tfjs-node';
      if (process.argv[2] === 'ls') console.log('{}');
      else if (process.argv[2] === 'install') {
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(folder + '/package.json', JSON.stringify({ version: '4.22.0' }));
      } else { console.error('Error: connect ECONNREFUSED'); process.exit(1); }`);
    expect(stdout).to.contain(
      "that failed (Error: connect ECONNREFUSED); building from TensorFlow's Python wheel",
    );
    expect(stderr).to.contain("the build from TensorFlow's Python wheel needs Python 3 (");
    expect(stderr).to.contain('make (').and.to.contain('a C++ compiler (');
    expect(status).to.equal(1);
  });

  it('keeps the other package as it is while npm installs one, also where npm fails', () => {
    const other = join(project, 'node_modules/@tensorflow/tfjs-node-gpu');
    mkdirSync(join(other, 'lib'), { recursive: true });
    const { stderr } = setUp(`
      const fs = require('node:fs');
      if (process.argv[2] === 'ls') console.log('{}');
      else { console.error('error: there is ' + fs.readdirSync('node_modules/@tensorflow').length); process.exit(1); }`);
    expect(stderr).to.contain('error: there is 0');
    expect(readdirSync(other)).to.deep.equal(['lib']);
  });

  it('installs the package for GPUs with --gpu', () => {
    const { stderr } = setUp("console.log('{}'); process.exitCode = process.argv[2] === 'ls' ? 0 : 1;", [
      '--gpu',
    ]);
    expect(stderr).to.contain('npm could not install @tensorflow/tfjs-node-gpu@4.22.0');
  });

  it('does not take a package whose installation succeeds and whose backend does not run for a success', () => {
    const { status, stdout } = setUp(`
      const fs = require('node:fs');
      const folder = 'node_modules/@tensorflow/tfjs-node';
      if (process.argv[2] === 'ls') console.log('{}');
      else if (process.argv[2] === 'install') {
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(folder + '/package.json', JSON.stringify({ version: '4.22.0' }));
      }`);
    expect(stdout).to.contain('the download is there but does not work');
    expect(status).to.equal(1);
  });
});
