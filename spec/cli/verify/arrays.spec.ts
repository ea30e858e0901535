import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ArrayFiles } from '../../../src/cli/verify/arrays.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { cliFixture } from '../support.js';

const one = (value: number): TorchTensor => ({ dtype: 'F32', shape: [1], data: Float32Array.of(value) });

describe('the arrays that verify is given', () => {
  let folder = '';
  const arrays = () => new ArrayFiles(new AbortController().signal);
  const firstOf = async (text: string) => (await arrays().read('--input', text)).data[0];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'verify#arrays-'));
    for (const name of ['run', 'run#1']) mkdirSync(join(folder, name));
    copyFileSync(cliFixture('x.npy'), join(folder, 'run#1', 'x.npy'));
    const named = new Map([
      ['x', one(1)],
      ['a#b', one(2)],
    ]);
    writeFileSync(join(folder, 'run#1', 'all.safetensors'), writeSafetensors(named));
    writeFileSync(join(folder, 'x#y.safetensors'), writeSafetensors(new Map([['only', one(3)]])));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('stand in files and folders whose names have a #, and have such names', async () => {
    const direct = await firstOf(cliFixture('x.npy'));
    expect(await firstOf(join(folder, 'run#1', 'x.npy'))).to.equal(direct);
    expect(await firstOf(`${join(folder, 'run#1', 'all.safetensors')}#x`)).to.equal(1);
    expect(await firstOf(`${join(folder, 'run#1', 'all.safetensors')}#a#b`)).to.equal(2);
    expect(await firstOf(join(folder, 'x#y.safetensors'))).to.equal(3);
    expect(await firstOf(`${join(folder, 'x#y.safetensors')}#only`)).to.equal(3);
  });

  it('have messages about the file that was meant', async () => {
    const failure = (text: string) => firstOf(text).then(String, (error: Error) => error.message);
    expect(await failure(join(folder, 'run#1', 'z.npy'))).to.include('z.npy');
    expect(await failure(join(folder, 'run#1', 'all.safetensors'))).to.match(
      /expected a file with one array, got \["(x", "a#b|a#b", "x)"\]\. Name one of them: .*all\.safetensors#(x|a#b)$/,
    );
    expect(await failure(`${join(folder, 'run#1', 'all.safetensors')}#z`)).to.include('an array called "z"');
  });

  it('are read of a file or URL once, however many are named', async () => {
    const requests: string[] = [];
    const body = writeSafetensors(
      new Map([
        ['x', one(1)],
        ['y', one(2)],
      ]),
    );
    const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      requests.push(`${request.method} ${request.url}`);
      response.end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.safetensors`;
      const files = arrays();
      expect((await files.read('--input', `${url}#x`)).data[0]).to.equal(1);
      expect((await files.read('--expected', `${url}#y`)).data[0]).to.equal(2);
      expect(requests).to.deep.equal(['GET /all.safetensors']);
    } finally {
      server.close();
    }
  });
});
