import {
  appendFileSync,
  mkdtempSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readFile } from '../../../../src/state-dict/sources/body.js';
import { fileAccess, openHandle } from '../../../../src/state-dict/sources/disk/file.js';
import { type NodeFile, type NodeFs, nodeFs } from '../../../../src/state-dict/sources/disk/node-fs.js';
import type { Transfer } from '../../../../src/state-dict/sources/stream.js';
import { FOLDER_REMEDY, rejectionOf, utf8 } from '../../support.js';

const TRANSFER: Transfer = { where: 'spec', source: 'path "m"', maxBytes: 100 };

/** The file system, counting the handles that are open. */
function counting(): { fs: NodeFs; open: () => number } {
  const fs = nodeFs() as NodeFs;
  let open = 0;
  const opened = async (path: string | URL, flags: number): Promise<NodeFile> => {
    const file = await fs.open(path, flags);
    open++;
    return {
      stat: () => file.stat(),
      chmod: (mode) => file.chmod(mode),
      chown: (...args) => file.chown(...args),
      read: (...args) => file.read(...args),
      write: (...args) => file.write(...args),
      sync: () => file.sync(),
      close: () => {
        open--;
        return file.close();
      },
    };
  };
  return { fs: { ...fs, constants: fs.constants, open: opened as NodeFs['open'] }, open: () => open };
}

describe('fileAccess', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'file-access-'));
    path = join(folder, 'm');
    writeFileSync(path, 'abcdefgh');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('reads parts by one handle, which close frees', async () => {
    const { fs, open } = counting();
    const source = await fileAccess(fs, path, TRANSFER);
    expect([source.size, open()]).to.deep.equal([8, 1]);
    const ranges = [
      { begin: 6, end: 8 },
      { begin: 1, end: 3 },
    ];
    expect(await source.read(ranges)).to.deep.equal([utf8('gh'), utf8('bc')]);
    expect(open()).to.equal(1);
    await source.close();
    expect(open()).to.equal(0);
  });

  it('reads on in the file that it opened where the path comes to name another', async () => {
    const { fs } = counting();
    const source = await fileAccess(fs, path, TRANSFER);
    rmSync(path);
    writeFileSync(path, 'ABCDEFGH');
    expect(await source.read([{ begin: 0, end: 2 }])).to.deep.equal([utf8('ab')]);
    await source.close();
  });

  it('tells of a file that has become shorter', async () => {
    const { fs } = counting();
    const source = await fileAccess(fs, path, TRANSFER);
    truncateSync(path, 5);
    const error = await rejectionOf(source.read([{ begin: 3, end: 7 }]));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal('spec: path "m": expected the 7 bytes of its size, got 5');
    await source.close();
  });

  it('tells of a file that is written to while it is read', async () => {
    const { fs } = counting();
    const source = await fileAccess(fs, path, TRANSFER);
    expect(await source.read([{ begin: 0, end: 2 }])).to.deep.equal([utf8('ab')]);
    // A file system tells times to some milliseconds, so that a write at once might go unseen.
    utimesSync(path, new Date(), new Date(Date.now() + 1000));
    const error = await rejectionOf(source.read([{ begin: 3, end: 7 }]));
    expect(error.message).to.equal(
      'spec: path "m": expected the file as it was opened, got one that is being written. Read it again when it is complete',
    );
    await source.close();
  });

  it('tells of a small file that is written to or grows while it is read as a whole', async () => {
    const fs = nodeFs() as NodeFs;
    const later = new Date(Date.now() + 1000);
    const writes = {
      'in place': () => utimesSync(path, later, later),
      longer() {
        const { atime, mtime } = statSync(path);
        appendFileSync(path, 'i');
        utimesSync(path, atime, mtime);
      },
    };
    for (const [how, write] of Object.entries(writes)) {
      // A date that a file can be given again.
      utimesSync(path, 1e9, 1e9);
      const told = rejectionOf(readFile(fs, path, { ...TRANSFER, onProgress: write }));
      expect((await told).message, how).to.equal(
        'spec: path "m": expected the file as it was opened, got one that is being written. Read it again when it is complete',
      );
    }
  });

  it('leaves no handle open where the path is not a file', async () => {
    const { fs, open } = counting();
    const error = await rejectionOf(openHandle(fs, folder, TRANSFER));
    expect(error.message).to.equal(`spec: path "m": expected a file, got a directory. ${FOLDER_REMEDY}`);
    expect(open()).to.equal(0);
  });
});
