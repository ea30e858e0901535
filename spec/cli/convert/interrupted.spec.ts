import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import { skip } from '../../support/skip.js';
import { cliFixture, runProgram } from '../support.js';

const LAYERS = cliFixture('layers.safetensors');

describe('convert at Ctrl-C', () => {
  let folder: string;
  before(function () {
    if (process.platform === 'win32') skip(this, 'Windows has no signals');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'interrupted-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** Converts over an old file, with Ctrl-C at that moment. */
  function convert(moment: string) {
    writeFileSync(join(folder, 'out.json'), 'old');
    const preload = new URL('./interrupt.mjs', import.meta.url).href;
    const env = { NODE_OPTIONS: `--import ${preload}`, INTERRUPT_AT: moment };
    return runProgram(['convert', LAYERS, 'out.json', '--force'], { cwd: folder, env });
  }

  it('ends with 130 where OUT stayed as it was', async () => {
    const { code, stdout, stderr } = await convert('opened');
    expect({ code, stdout }).to.deep.equal({ code: 130, stdout: '' });
    expect(stderr).to.equal('tfjs-torch-rnn: stopped; nothing was written.\n');
    expect(readdirSync(folder)).to.deep.equal(['out.json']);
    expect(readFileSync(join(folder, 'out.json'), 'utf8')).to.equal('old');
  });

  for (const moment of ['renaming', 'renamed']) {
    it(`ends with 0 where OUT was replaced: it was ${moment}`, async () => {
      const { code, stdout, stderr } = await convert(moment);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
      expect(stdout).to.match(/^out\.json: \d+ tensors, .*, read back and compared bit for bit\n$/);
      expect(readdirSync(folder)).to.deep.equal(['out.json']);
      const tensors = parseStateDict(new Uint8Array(readFileSync(join(folder, 'out.json'))));
      expect(tensors.size).to.equal(parseStateDict(new Uint8Array(readFileSync(LAYERS))).size);
    });
  }
});
