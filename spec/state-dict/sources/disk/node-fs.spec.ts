import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix, win32 } from 'node:path';
import { expect } from 'chai';
import { isAbsolute, nodeFs, workingDirectory } from '../../../../src/state-dict/sources/disk/node-fs.js';

describe('nodeFs', () => {
  const original = process.getBuiltinModule;
  afterEach(() => {
    process.getBuiltinModule = original;
  });

  it('opens, measures and reads a file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'node-fs-'));
    try {
      const path = join(folder, 'file');
      writeFileSync(path, 'abcdef');
      const fs = nodeFs()!;
      const file = await fs.open(path, fs.constants.O_RDONLY);
      const stat = await file.stat();
      expect([stat.size, stat.isFile(), stat.isDirectory()]).to.deep.equal([6, true, false]);
      const buffer = new Uint8Array(4);
      expect((await file.read(buffer, 1, 2, 3)).bytesRead).to.equal(2);
      expect([...buffer]).to.deep.equal([0, 'd'.charCodeAt(0), 'e'.charCodeAt(0), 0]);
      await file.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is undefined where the process has no modules to give', () => {
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    expect(nodeFs()).to.equal(undefined);
  });
});

describe('workingDirectory', () => {
  it('is that of the process', () => {
    expect(workingDirectory()).to.equal(process.cwd());
  });
});

describe('isAbsolute', () => {
  it('agrees with Node on the paths of either system', () => {
    for (const path of ['/a', 'a/b', './a', '../a', '', 'C:\\a', 'c:/a', 'C:a', '\\\\host\\a', 'ab:/c']) {
      expect(isAbsolute(path), path).to.equal(posix.isAbsolute(path) || win32.isAbsolute(path));
    }
  });
});
