import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { NO_TFJS_NODE, skip } from '../support/skip.js';
import { cliFixture, hasTfjsNode, runProgram, startProgram } from './support.js';

const LAYERS = cliFixture('layers.safetensors');
const ANSWERS = cliFixture('answers.safetensors');

describe('the program', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-bin-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('answers on its standard output, without colours in a pipe, and ends with 0', async () => {
    const { code, stdout, stderr } = await runProgram(['inspect', LAYERS]);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.include('gru: GRU(3, 4, num_layers=2, bidirectional=True)').and.not.include('\u001b');
  });

  it('prints errors on its standard error, without a stack: 1 for a file, 2 for wrong usage', async () => {
    const missing = await runProgram(['inspect', 'none.safetensors'], { cwd: folder });
    expect(missing).to.include({ code: 1, stdout: '' });
    expect(missing.stderr).to.match(
      /^tfjs-torch-rnn: inspect: path "none\.safetensors": expected a readable file, got no such file\. .*\n$/,
    );
    const wrong = await runProgram(['inspect', LAYERS, '--jsn']);
    expect(wrong).to.include({ code: 2, stdout: '' });
    expect(wrong.stderr)
      .to.include('Did you mean --json?')
      .and.not.match(/\n {4}at /);
  });

  it('says so where its answer cannot be written', async function () {
    if (!existsSync('/dev/full')) skip(this, 'there is no device that is always full');
    const { child, result } = startProgram(['inspect', LAYERS], { stdout: openSync('/dev/full', 'w') });
    child.stdin?.end();
    const { code, stderr } = await result;
    expect(code).to.equal(1);
    expect(stderr).to.match(/^tfjs-torch-rnn: cannot write the answer: ENOSPC.*\n$/);
  });

  it('converts a file', async () => {
    const { code, stderr } = await runProgram(['convert', LAYERS, 'half.safetensors', '--dtype', 'f16'], {
      cwd: folder,
    });
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(readdirSync(folder)).to.deep.equal(['half.safetensors']);
    expect(readFileSync(join(folder, 'half.safetensors')).length).to.be.below(readFileSync(LAYERS).length);
  });

  for (const backend of ['cpu', 'wasm', 'tensorflow']) {
    it(`verifies a layer on ${backend}, and says nothing else`, async function () {
      if (backend === 'tensorflow' && !hasTfjsNode()) skip(this, NO_TFJS_NODE);
      const io = ['--input', `${ANSWERS}#x`, '--expected', `${ANSWERS}#gru.y`, '--h0', `${ANSWERS}#gru.h0`];
      const words = ['verify', LAYERS, '--layer', 'gru', '--backend', backend];
      const { code, stdout, stderr } = await runProgram([...words, ...io]);
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/^gru: GRU\(.*\) on \w+\nok {3}output: worst error \S+ at .*\nwithin .*\n$/);
      // TensorFlow's own library writes to the standard error.
      if (backend !== 'tensorflow') expect(stderr).to.equal('');
    });
  }

  it('ends quietly when a pipe is closed on it', async () => {
    const tensors: StateDict = new Map(
      Array.from({ length: 30_000 }, (_, i) => [
        `m${i}.weight`,
        { dtype: 'U8', shape: [1, 1], data: Uint8Array.of(1) },
      ]),
    );
    writeFileSync(join(folder, 'wide.safetensors'), writeSafetensors(tensors));
    const { child, result } = startProgram(['inspect', 'wide.safetensors'], { cwd: folder });
    child.stdout?.once('data', () => child.stdout?.destroy());
    const { code, stderr } = await result;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('stops at Ctrl-C, and leaves nothing behind', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no signals');
    // A body that never ends, so that the program is still reading when the signal comes.
    const server = createServer({ keepAliveTimeout: 0 }, (_, response) => {
      response.writeHead(200, { 'Content-Length': '1000000' });
      response.write('{');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/model.json`;
      const { child, result } = startProgram(['convert', url, 'out.json'], { cwd: folder });
      server.once('request', () => child.kill('SIGINT'));
      const { code, stdout, stderr } = await result;
      expect({ code, stdout }).to.deep.equal({ code: 130, stdout: '' });
      expect(stderr).to.equal('tfjs-torch-rnn: stopped; nothing was written.\n');
      expect(readdirSync(folder)).to.deep.equal([]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
