import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { type FileServer, startFileServer } from '../state-dict/sources/file-server.js';
import { cliFixture, runProgram, tell } from './support.js';

const HEADER = ['--header', 'Authorization: Bearer secret', '--header', 'x-key:7'];

describe('--header', () => {
  let server: FileServer;
  let folder: string;
  let url: string;
  before(async () => {
    server = await startFileServer();
    for (const name of ['layers', 'answers'])
      server.files.set(`/${name}.safetensors`, readFileSync(cliFixture(`${name}.safetensors`)));
    url = `${server.origin}/layers.safetensors`;
    folder = mkdtempSync(join(tmpdir(), 'cli-header-'));
  });
  beforeEach(() => {
    server.reset();
    server.answer = ({ headers, path }, response) => {
      const mayPass = headers.authorization === 'Bearer secret' && headers['x-key'] === '7';
      if (mayPass || path === '/answers.safetensors') return false;
      response.writeHead(403).end();
      return true;
    };
  });
  after(async () => {
    rmSync(folder, { recursive: true });
    await server.close();
  });

  it('lets inspect and convert in where the file is gated, as the message without it says', async () => {
    const out = join(folder, 'out.json');
    for (const words of [
      ['inspect', url],
      ['convert', url, out],
    ]) {
      const refused = await tell(...words);
      expect(refused.code).to.equal(1);
      expect(refused.err).to.match(/got 403 Forbidden\. If it is gated, pass headers \(--header\)/);
      expect((await tell(...words, ...HEADER)).code).to.equal(0);
    }
  });

  it('lets verify in, and goes with the weights alone', async () => {
    const answers = `${server.origin}/answers.safetensors`;
    const arrays = ['--input', `${answers}#x`, '--expected', `${answers}#gru.y`, '--h0', `${answers}#gru.h0`];
    const { code, stderr } = await runProgram(['verify', url, '--layer', 'gru', ...arrays, ...HEADER]);
    expect(code, stderr).to.equal(0);
    for (const { path, headers } of server.asked)
      expect(headers.authorization).to.equal(path === '/answers.safetensors' ? undefined : 'Bearer secret');
  });

  it('is a name and a value, which no message shows', async () => {
    for (const text of ['Bearer secret', 'a b: secret', ': secret', 'a: secret\n日']) {
      const { code, err } = await tell('inspect', url, '--header', text);
      expect(code).to.equal(2);
      expect(err).to.include('--header is a name and a value, such as "Authorization: Bearer ..."');
      expect(err).not.to.include('secret');
    }
  });
});
