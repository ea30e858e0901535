import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { type NodeFile, type NodeFs, nodeFs } from '../../../src/state-dict/sources/disk/node-fs.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { saveSafetensors, writeAtomically } from '../../../src/state-dict/write/file.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { skip } from '../../support/skip.js';
import { expectSameBits, rejectionOf, utf8 } from '../support.js';

const STATE_DICT: StateDict = new Map([
  ['b', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }],
  ['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1.5, -2).subarray(0, 2) }],
]);

describe('saveSafetensors', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'write-file-'));
    path = join(folder, 'model.safetensors');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('writes the bytes of writeSafetensors, over an old file or none, and leaves nothing beside them', async () => {
    for (const metadata of [{ format: 'pt' }, undefined]) {
      await saveSafetensors(path, STATE_DICT, metadata);
      expect(new Uint8Array(readFileSync(path))).to.deep.equal(writeSafetensors(STATE_DICT, metadata));
      expect(readdirSync(folder)).to.deep.equal(['model.safetensors']);
    }
  });

  it('replaces a file whose own views are saved', async () => {
    await saveSafetensors(path, STATE_DICT);
    await saveSafetensors(path, await readStateDict(path));
    expectSameBits(new Map([...(await readStateDict(path))].sort()), new Map([...STATE_DICT].sort()));
  });

  it('replaces the file that a link leads to', async function () {
    if (process.platform === 'win32') skip(this, 'links need a privilege on Windows');
    mkdirSync(join(folder, 'real'));
    const real = join(folder, 'real', 'model');
    writeFileSync(real, 'old');
    symlinkSync(real, path);
    await saveSafetensors(path, STATE_DICT);
    expect((await readStateDict(real)).size).to.equal(2);
    expect(readdirSync(join(folder, 'real'))).to.deep.equal(['model']);
  });

  it('refuses a wrong argument before it touches a file', async () => {
    for (const [args, text] of [
      [[5, STATE_DICT], 'saveSafetensors: path: expected a path, got 5'],
      [['', STATE_DICT], 'saveSafetensors: path: expected a path, got ""'],
      [
        [`${path}.PT`, STATE_DICT],
        `saveSafetensors: path ${JSON.stringify(`${path}.PT`)}: expected a name that ends in .safetensors, got .PT. ` +
          'A safetensors file is none: torch reads it with safetensors.torch.load_file',
      ],
      [[path, {}], 'writeSafetensors: stateDict: expected a Map of name to tensor, got Object'],
    ] as [Parameters<typeof saveSafetensors>, string][]) {
      expect((await rejectionOf(saveSafetensors(...args))).message).to.equal(text);
    }
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('names a path that cannot be written', async () => {
    const none = join(folder, 'none', 'model');
    const error = await rejectionOf(saveSafetensors(none, STATE_DICT));
    expect(error.message).to.match(
      /^saveSafetensors: path ".*none.model": expected a folder ".*none.", got none. Make it first$/,
    );
    expect(error.cause).to.have.property('code', 'ENOENT');
  });

  it('replaces no folder', async () => {
    const error = await rejectionOf(saveSafetensors(folder, STATE_DICT));
    expect(error.message).to.match(/expected a file, or nothing yet, got a directory$/);
  });

  it('replaces nothing but files, and leaves to the new one who may read the old', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no pipes in folders, and other permissions');
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect((await rejectionOf(saveSafetensors(pipe, STATE_DICT))).message).to.match(/got a device or pipe$/);
    expect(readdirSync(folder)).to.deep.equal(['pipe']);
    writeFileSync(path, 'old', { mode: 0o600 });
    await saveSafetensors(path, STATE_DICT);
    expect(statSync(path).mode & 0o777).to.equal(0o600);
  });

  it('says what to do outside Node', async () => {
    const original = process.getBuiltinModule;
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    try {
      const error = await rejectionOf(saveSafetensors(path, STATE_DICT));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.match(/expected a file system, as Node has, got none\. Take the bytes of /);
    } finally {
      process.getBuiltinModule = original;
    }
  });

  it('leaves the old file whole where the process is killed in the middle', async () => {
    const old = writeSafetensors(STATE_DICT);
    writeFileSync(path, old);
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./interrupted-save.ts', import.meta.url)), path],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    // The child says so when some bytes are written and none will follow.
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    expect(new Uint8Array(readFileSync(path))).to.deep.equal(old);
    const [temporary] = readdirSync(folder).filter((name) => name.endsWith('.tmp'));
    expect(temporary).to.match(/^tfjs-torch-rnn-[0-9a-f-]{36}\.tmp$/);
    expect(readFileSync(join(folder, temporary)).length).to.be.above(0);
  });
});

describe('writeAtomically', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'write-file-'));
    path = join(folder, 'file');
    writeFileSync(path, 'old');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** The file system, whose files or renaming do as told. */
  function changed(change: (real: NodeFile) => Partial<NodeFile>, more: Partial<NodeFs> = {}): NodeFs {
    const fs = nodeFs() as NodeFs;
    const open = async (name: string | URL, flags: number | string) => {
      const real = await fs.open(name, flags);
      const bound: NodeFile = {
        stat: () => real.stat(),
        chmod: (mode) => real.chmod(mode),
        chown: (...args) => real.chown(...args),
        read: (...args) => real.read(...args),
        write: (...args) => real.write(...args),
        sync: () => real.sync(),
        close: () => real.close(),
      };
      return { ...bound, ...change(bound) };
    };
    return { ...fs, open, ...more };
  }

  it('goes on after a write that took a part of its bytes', async () => {
    const byOne = changed((real) => ({
      write: (buffer, offset, _length, position) => real.write(buffer, offset, 1, position),
    }));
    await writeAtomically('spec', byOne, path, [utf8('abc'), utf8(''), utf8('de')]);
    expect(readFileSync(path, 'utf8')).to.equal('abcde');
  });

  for (const [name, fs] of [
    ['a full disk', () => changed(() => ({ write: () => Promise.reject(new Error('ENOSPC')) }))],
    [
      'a disk that does not take the bytes',
      () => changed(() => ({ sync: () => Promise.reject(new Error('EIO')) })),
    ],
    [
      'permissions that cannot be kept',
      () => changed(() => ({ chmod: () => Promise.reject(new Error('EPERM')) })),
    ],
    [
      'a file that cannot be replaced',
      () => changed(() => ({}), { rename: () => Promise.reject(new Error('EPERM')) }),
    ],
  ] as [string, () => NodeFs][]) {
    it(`leaves the old file, and no other, after ${name}`, async () => {
      const error = await rejectionOf(writeAtomically('spec', fs(), path, [utf8('new')]));
      expect(error.message).to.match(/expected a file that can be written, got Error: E/);
      expect(readdirSync(folder)).to.deep.equal(['file']);
      expect(readFileSync(path, 'utf8')).to.equal('old');
    });
  }

  it('gives the new file the owner and group of the old one, or the group alone where it may not', async () => {
    const asked: [number, number][] = [];
    const fs = nodeFs() as NodeFs;
    const stat = async (name: string | URL) =>
      Object.assign(await fs.stat(name), { uid: 70_001, gid: 70_002 });
    for (const mayGive of [true, false]) {
      const owned = changed(
        () => ({
          chown: async (uid, gid) => {
            asked.push([uid, gid]);
            if (!mayGive) throw new Error('EPERM');
          },
        }),
        { stat },
      );
      await writeAtomically('spec', owned, path, [utf8('new')]);
      expect(readFileSync(path, 'utf8')).to.equal('new');
    }
    expect(asked).to.deep.equal([
      [70_001, 70_002],
      [70_001, 70_002],
      [-1, 70_002],
    ]);
  });

  it('keeps the owner of a file that root replaces', async function () {
    if (process.getuid?.() !== 0) skip(this, 'only root gives files away');
    chownSync(path, 70_001, 70_002);
    chmodSync(path, 0o600);
    await writeAtomically('spec', nodeFs() as NodeFs, path, [utf8('new')]);
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o777]).to.deep.equal([70_001, 70_002, 0o600]);
  });

  it('replaces no file that comes while it writes a new one, with links and without', async () => {
    rmSync(path);
    const noLinks = { link: () => Promise.reject(Object.assign(new Error('EPERM'), { code: 'EPERM' })) };
    for (const more of [{}, noLinks]) {
      const fs = changed(() => ({}), more);
      const check = async (): Promise<void> => writeFileSync(path, 'other');
      const options = { mustBeNew: true };
      const told = await rejectionOf(writeAtomically('spec', fs, path, [utf8('new')], { ...options, check }));
      expect(told.message).to.match(/expected a file that can be written, got Error: EEXIST/);
      expect(readFileSync(path, 'utf8')).to.equal('other');
      rmSync(path);
      await writeAtomically('spec', fs, path, [utf8('new')], options);
      expect(readFileSync(path, 'utf8')).to.equal('new');
      expect(readdirSync(folder)).to.deep.equal(['file']);
      rmSync(path);
    }
  });

  it('closes the file whatever fails', async () => {
    let closed = 0;
    const refusing = changed((real) => ({
      chmod: () => Promise.reject(new Error('EPERM')),
      close: () => {
        closed++;
        return real.close();
      },
    }));
    await rejectionOf(writeAtomically('spec', refusing, path, [utf8('new')]));
    expect(closed).to.equal(1);
  });

  it('puts the bytes on the disk before the new file takes its place', async () => {
    const steps: string[] = [];
    const fs = nodeFs() as NodeFs;
    const noting = changed(
      (real) => ({
        sync: async () => void steps.push('sync'),
        close: () => {
          steps.push('close');
          return real.close();
        },
      }),
      {
        rename: (from, to) => {
          steps.push('rename');
          return fs.rename(from, to);
        },
      },
    );
    await writeAtomically('spec', noting, path, [utf8('new')]);
    expect(steps).to.deep.equal(['sync', 'close', 'rename', 'sync', 'close']);
  });

  it('leaves the old file, and no other, where the check of the new one or the signal says so', async () => {
    const fs = nodeFs() as NodeFs;
    const folder = mkdtempSync(join(tmpdir(), 'write-file-'));
    try {
      const path = join(folder, 'model');
      writeFileSync(path, 'old');
      const refuse = async (temporary: string): Promise<void> => {
        expect(readFileSync(temporary, 'utf8')).to.equal('new');
        expect(readFileSync(path, 'utf8')).to.equal('old');
        throw new Error('differs');
      };
      const refused = await rejectionOf(writeAtomically('spec', fs, path, [utf8('new')], { check: refuse }));
      expect(refused.message).to.equal('differs');
      for (const early of [true, false]) {
        const controller = new AbortController();
        if (early) controller.abort(new Error('stopped'));
        const check = async (): Promise<void> => controller.abort(new Error('stopped'));
        const { signal } = controller;
        const stopped = await rejectionOf(
          writeAtomically('spec', fs, path, [utf8('new')], { signal, check }),
        );
        expect(stopped.message).to.equal('stopped');
      }
      expect(readFileSync(path, 'utf8')).to.equal('old');
      expect(readdirSync(folder)).to.deep.equal(['model']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
