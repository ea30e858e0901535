import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { type NodeFs, nodeFs } from '../../../src/state-dict/sources/disk/node-fs.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { saveSafetensors } from '../../../src/state-dict/write/file.js';
import { findTarget } from '../../../src/state-dict/write/target.js';
import { skip } from '../../support/skip.js';
import { rejectionOf } from '../support.js';

const STATE_DICT: StateDict = new Map([['w', { dtype: 'U8', shape: [3], data: Uint8Array.of(1, 2, 3) }]]);

describe('saveSafetensors finds its target', () => {
  let folder: string;
  before(function () {
    if (process.platform === 'win32') skip(this, 'links need a privilege on Windows, and names are others');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'write-target-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A link in the folder, at a name, to what the text says. */
  function link(name: string, to: string): string {
    const path = join(folder, name);
    symlinkSync(to, path);
    return path;
  }

  const save = (path: string) => saveSafetensors(path, STATE_DICT);
  const refusal = async (path: string) => (await rejectionOf(save(path))).message.replaceAll(folder, '');

  it('at the end of links, relative ones and absolute ones, whether a file is there or not', async () => {
    mkdirSync(join(folder, 'a'));
    mkdirSync(join(folder, 'b'));
    link('b/second', '../a/model');
    for (const first of [link('relative', 'b/second'), link('absolute', join(folder, 'b/second'))]) {
      for (const state of ['dangling', 'there']) {
        await save(first);
        expect((await readStateDict(join(folder, 'a/model'))).size, state).to.equal(1);
      }
      rmSync(join(folder, 'a/model'));
      expect(readlinkSync(join(folder, 'b/second'))).to.equal('../a/model');
    }
    expect(readdirSync(join(folder, 'b'))).to.deep.equal(['second']);
  });

  it('through folders that are links', async () => {
    mkdirSync(join(folder, 'real/deep'), { recursive: true });
    link('shortcut', 'real/deep');
    link('real/deep/model', '../other');
    await save(join(folder, 'shortcut/model'));
    expect(readdirSync(join(folder, 'real')).sort()).to.deep.equal(['deep', 'other']);
  });

  it('never in a circle of links, which stay', async () => {
    const self = link('self', 'self');
    link('one', 'two');
    const two = link('two', 'one');
    for (const path of [self, two]) {
      expect(await refusal(path)).to.match(
        /^saveSafetensors: path "\/(self|two)": expected a file at the end of at most 40 links, got another link$/,
      );
    }
    expect(readdirSync(folder).sort()).to.deep.equal(['one', 'self', 'two']);
    expect(readlinkSync(self)).to.equal('self');
  });

  it('in no folder that is missing, and the link to it stays', async () => {
    const path = link('model', 'none/model');
    expect(await refusal(path)).to.equal(
      'saveSafetensors: path "/model": expected a folder "/none/", got none. Make it first',
    );
    expect(readlinkSync(path)).to.equal('none/model');
    mkdirSync(join(folder, 'none'));
    await save(path);
    expect(readdirSync(join(folder, 'none'))).to.deep.equal(['model']);
  });

  it('not where a file stands in place of a folder, with what the system says', async () => {
    writeFileSync(join(folder, 'file'), 'old');
    expect(await refusal(join(folder, 'file/model'))).to.match(
      /expected a file that can be written, got Error: ENOTDIR/,
    );
    expect(readFileSync(join(folder, 'file'), 'utf8')).to.equal('old');
  });

  it('not where the file is read-only, also for root and behind a link', async () => {
    const path = join(folder, 'model');
    writeFileSync(path, 'old');
    chmodSync(path, 0o444);
    const rule =
      'expected a file that can be written, got a read-only one. Make it writable, or choose another path';
    for (const name of ['model', 'link']) {
      if (name === 'link') link('link', 'model');
      expect(await refusal(join(folder, name))).to.equal(`saveSafetensors: path "/${name}": ${rule}`);
    }
    expect(readFileSync(path, 'utf8')).to.equal('old');
    expect(readdirSync(folder).sort()).to.deep.equal(['link', 'model']);
    chmodSync(path, 0o640);
    await save(path);
    expect(parseStateDict(new Uint8Array(readFileSync(path))).size).to.equal(1);
    expect(statSync(path).mode & 0o777).to.equal(0o640);
  });

  it('not where the system does not let this user write', async () => {
    const path = join(folder, 'model');
    writeFileSync(path, 'old');
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
    const fs: NodeFs = { ...(nodeFs() as NodeFs), access: () => Promise.reject(denied) };
    expect((await rejectionOf(findTarget('spec', fs, path))).message).to.include('got a read-only one');
  });

  it('under names of up to 255 bytes, and says what the system says of longer ones', async () => {
    for (const name of ['x'.repeat(255), 'ü'.repeat(127), `${'y'.repeat(240)}\\z`, '.safetensors']) {
      await save(join(folder, name));
      expect(readdirSync(folder)).to.deep.equal([name]);
      rmSync(join(folder, name));
    }
    expect(await refusal(join(folder, 'x'.repeat(256)))).to.match(/got Error: ENAMETOOLONG/);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
