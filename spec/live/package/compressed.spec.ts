// Files of a server that compresses every answer, also those to requests for a range.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { build } from 'esbuild';
import { readStateDict, writeSafetensors } from '../../../src/state-dict/index.js';
import { resultOf } from './support/browser.js';

const tensor = (size: number) => {
  const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
  return { dtype: 'F32', shape: [size], data } as const;
};
const FILE = writeSafetensors(
  new Map([
    ['encoder.weight', tensor(3)],
    ['decoder.weight', tensor(100_000)],
  ]),
);

const program = (origin: string) => `
  import { readStateDict } from './src/state-dict/index.ts';
  const stateDict = await readStateDict('${origin}/model.safetensors', { select: ['encoder'] });
  globalThis.result = [...stateDict].map(([name, { data }]) => [name, ...data]);`;

describe('a server that compresses every answer', () => {
  let server: Server;
  let origin = '';
  let script = '';
  let ranges: (string | undefined)[] = [];

  before(async () => {
    server = createServer({ keepAliveTimeout: 0 }, ({ url, headers }, response) => {
      if (url === '/script.js')
        return response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
      if (url !== '/model.safetensors')
        return response
          .writeHead(200, { 'Content-Type': 'text/html' })
          .end('<script type="module" src="/script.js"></script>');
      ranges.push(headers.range);
      const bytes = gzipSync(FILE);
      const compressed = { 'Content-Encoding': 'gzip' };
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
      if (from === undefined) return response.writeHead(200, compressed).end(bytes);
      const part = bytes.subarray(Number(from), Number(to) + 1);
      const range = `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}`;
      return response.writeHead(206, { ...compressed, 'Content-Range': range }).end(part);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { outputFiles } = await build({
      stdin: { contents: program(origin), resolveDir: '.' },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2022',
    });
    script = outputFiles[0]?.text as string;
  });
  beforeEach(() => {
    ranges = [];
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  const expected = ['encoder.weight', ...tensor(3).data];

  it('has its file read in whole, in Chromium, which fails the request for a range', async () => {
    expect(await resultOf<unknown[]>(`${origin}/`)).to.deep.equal([expected]);
    expect(ranges).to.deep.equal(['bytes=0-65535', undefined]);
  });

  it('and in Node, where the part says that it is compressed', async () => {
    const stateDict = await readStateDict(`${origin}/model.safetensors`, { select: ['encoder'] });
    expect([...stateDict].map(([name, { data }]) => [name, ...data])).to.deep.equal([expected]);
    expect(ranges).to.deep.equal(['bytes=0-65535', undefined]);
  });
});
