import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { targetHere } from '../../../../scripts/tools/build-native/targets.mjs';

/** What tells which file was taken for the library: Node names one that it cannot load. */
const BROKEN = 'no library';

describe('the package of the native engine', () => {
  let folder: string;
  let own: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'native-package-'));
    own = join(folder, 'node_modules/tfjs-torch-rnn-native');
    mkdirSync(own, { recursive: true });
    for (const file of ['index.cjs', 'register.cjs', 'package.json'])
      copyFileSync(fileURLToPath(new URL(`../../../../native/${file}`, import.meta.url)), join(own, file));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function writeLibrary(path: string): string {
    const file = join(path, 'engine.node');
    mkdirSync(path, { recursive: true });
    writeFileSync(file, BROKEN);
    return file;
  }

  /** What a new process says: the type of the addon, or the message of the error. */
  function loaded(program: string): string {
    const script = `try { console.log((${program})); } catch (error) { console.log(error.message); }`;
    return execFileSync(process.execPath, ['--eval', script], { cwd: folder, encoding: 'utf8' }).trim();
  }
  const LOAD = "typeof require('tfjs-torch-rnn-native')";

  it('has nothing where there is no library', () => {
    expect(loaded(LOAD)).to.equal('undefined');
  });

  it('takes that of the package for this system, else that which was built in it, else that beside it', () => {
    for (const path of [
      own,
      join(own, 'build', targetHere()),
      join(folder, 'node_modules', `tfjs-torch-rnn-native-${targetHere()}`),
    ]) {
      const file = writeLibrary(path);
      expect(loaded(LOAD)).to.include(file);
    }
  });

  it('loads nothing as it is registered', () => {
    const file = writeLibrary(own);
    const register = "require('./node_modules/tfjs-torch-rnn-native/register.cjs'), ";
    const registered = "globalThis[Symbol.for('tfjs-torch-rnn-native')]";
    expect(loaded(`${register}typeof ${registered}`)).to.equal('function');
    expect(loaded(`${register}${registered}()`)).to.include(file);
  });

  it('does not load on Windows in programs that are not called node.exe', () => {
    const file = writeLibrary(join(own, `build/win32-${process.arch}`));
    const inProgram = (path: string) =>
      loaded(
        `Object.defineProperties(process, { platform: { value: 'win32' }, execPath: { value: ${JSON.stringify(path)} } }), ${LOAD}`,
      );
    const told = 'on Windows it runs in node.exe alone, and this is C:\\app\\electron.exe';
    expect(inProgram('C:\\app\\electron.exe')).to.equal(told);
    for (const path of ['C:\\Program Files\\nodejs\\node.exe', 'C:\\NODE.EXE'])
      expect(inProgram(path)).to.include(file);
  });
});
