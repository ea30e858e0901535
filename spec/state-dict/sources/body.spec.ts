import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { ReadLimits } from '../../../src/state-dict/rules/limits.js';
import {
  nameSource,
  readBlob,
  readFile,
  readResponse,
  readUrl,
} from '../../../src/state-dict/sources/body.js';
import { nodeFs } from '../../../src/state-dict/sources/disk/node-fs.js';
import type { ReadProgress, Transfer } from '../../../src/state-dict/sources/stream.js';
import { skip } from '../../support/skip.js';
import { rejectionOf, utf8 } from '../support.js';

const TRANSFER: Transfer = { where: 'spec', source: 'Response', maxBytes: 100 };

/** What a fetch library without web streams answers: bytes of `text`, all at once. */
function plainResponse(text: string, members: object = {}): Response {
  const response = {
    ok: true,
    status: 200,
    statusText: 'OK',
    bodyUsed: false,
    headers: new Headers({ 'Content-Length': `${text.length}` }),
    body: Readable.from([Buffer.from(text)]),
    arrayBuffer: async () => utf8(text).buffer,
    ...members,
  };
  return response as unknown as Response;
}

describe('readFile', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sources-'));
  });
  after(() => {
    // A writer frees a reader that waits in `open`, so that a failure ends the run and does not hang it.
    if (existsSync(join(folder, 'pipe'))) closeSync(openSync(join(folder, 'pipe'), 'r+'));
    rmSync(folder, { recursive: true });
  });

  it('gives the bytes of a file, empty or not', async () => {
    for (const text of ['', 'abc']) {
      const path = join(folder, `of ${text.length}`);
      writeFileSync(path, text);
      expect(await readFile(nodeFs()!, path, TRANSFER)).to.deep.equal(utf8(text));
    }
  });

  it('refuses a pipe that nobody writes to, at once', async function () {
    if (process.platform === 'win32') skip(this, 'Windows has no pipes in folders');
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const error = await rejectionOf(readFile(nodeFs()!, path, { ...TRANSFER, source: 'path "pipe"' }));
    expect(error.message).to.equal('spec: path "pipe": expected a file, got a device or pipe');
  }).timeout(5000);

  it('tells where relative paths start, of a relative path only', async () => {
    const missing = (path: string | URL) => rejectionOf(readFile(nodeFs()!, path, TRANSFER));
    const text = 'spec: Response: expected a readable file, got no such file';
    expect((await missing('none')).message).to.equal(`${text}. Relative paths start at ${process.cwd()}`);
    expect((await missing(join(folder, 'none'))).message).to.equal(text);
    expect((await missing(new URL('file:///none/none'))).message).to.equal(text);
  });
});

describe('readUrl', () => {
  const message = async (url: string) =>
    (await rejectionOf(readUrl(url, { ...TRANSFER, source: 'URL "u"' }))).message;

  it('tells what caused a failure', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    expect(await message(`http://127.0.0.1:${port}/model`)).to.equal(
      'spec: URL "u": expected an answer, got TypeError: fetch failed (ECONNREFUSED)',
    );
    expect(await message('ftp://127.0.0.1/model')).to.equal(
      'spec: URL "u": expected an answer, got TypeError: fetch failed (unknown scheme)',
    );
  });
});

describe('readResponse', () => {
  it('reads a body that is not a web stream, telling progress once', async () => {
    const told: ReadProgress[] = [];
    const transfer = { ...TRANSFER, onProgress: (progress: ReadProgress) => told.push(progress) };
    for (const body of [Readable.from([]), undefined, null]) {
      expect(await readResponse(plainResponse('abc', { body }), transfer)).to.deep.equal(utf8('abc'));
      expect(told.splice(0)).to.deep.equal([{ loaded: 3, total: 3 }]);
    }
  });

  it('holds a body that is not a web stream to the limit, before it is read where it declares its size', async () => {
    const text = 'x'.repeat(101);
    const rule = 'spec: Response: expected at most 100 bytes (limits.maxBytes), got 101';
    const unread = { arrayBuffer: () => expect.fail('read') };
    expect((await rejectionOf(readResponse(plainResponse(text, unread), TRANSFER))).message).to.equal(rule);
    const undeclared = plainResponse(text, { headers: new Headers() });
    expect((await rejectionOf(readResponse(undeclared, TRANSFER))).message).to.equal(rule);
  });

  it('tells what broke a body that is not a web stream', async () => {
    const cause = Object.assign(new Error('gone'), { cause: { code: 'ECONNRESET' } });
    const response = plainResponse('abc', { arrayBuffer: () => Promise.reject(cause) });
    const error = await rejectionOf(readResponse(response, TRANSFER));
    expect(error.message).to.equal('spec: Response: expected the whole body, got Error: gone (ECONNRESET)');
    expect(error.cause).to.equal(cause);
  });

  it("rejects with the signal's reason where a body that is not a web stream comes too late", async () => {
    const reason = new Error('no longer needed');
    const signal = AbortSignal.abort(reason);
    const broken = plainResponse('abc', { arrayBuffer: () => Promise.reject(new Error('aborted')) });
    for (const response of [plainResponse('abc'), broken]) {
      expect(await rejectionOf(readResponse(response, { ...TRANSFER, signal }))).to.equal(reason);
    }
  });

  it('names a body that a reader holds', async () => {
    const response = new Response('abc');
    response.body!.getReader();
    const error = await rejectionOf(readResponse(response, TRANSFER));
    expect(error).to.be.instanceOf(TypeError);
    expect(error.message).to.equal(
      'spec: Response: expected a body not read yet, got one that a reader holds. Release the reader first',
    );
  });

  it('names the status of an answer, whatever its body is', async () => {
    const locked = new Response('abc', { status: 500 });
    locked.body!.getReader();
    for (const response of [locked, plainResponse('abc', { ok: false, status: 500, statusText: '' })]) {
      expect((await rejectionOf(readResponse(response, TRANSFER))).message).to.equal(
        `spec: Response: expected a status of success (200 to 299), got 500`,
      );
    }
  });
});

describe('a body that the host decompresses', () => {
  const MIB = 1 << 20;
  const compressed = (pieces: readonly Uint8Array[], headers: Record<string, string> = {}) => {
    const body = new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece);
        controller.close();
      },
    });
    return new Response(body, { headers: { 'Content-Encoding': 'br', ...headers } });
  };
  const transfer: Transfer = { ...TRANSFER, maxInflated: (bytes) => 3 * bytes };

  it('is held to a multiple of its declared length', async () => {
    const declared = { 'Content-Length': '2' };
    const long = compressed([utf8('abcd'), utf8('efg')], declared);
    expect((await rejectionOf(readResponse(long, transfer))).message).to.equal(
      'spec: Response: expected at most 6 bytes (limits.maxExpansion), got 7',
    );
    expect(await readResponse(compressed([utf8('abcdef')], declared), transfer)).to.deep.equal(
      utf8('abcdef'),
    );
    const plain = plainResponse('abcdefg', {
      headers: new Headers({ 'Content-Encoding': 'br', ...declared }),
    });
    expect((await rejectionOf(readResponse(plain, transfer))).message).to.include('at most 6 bytes');
  });

  it('is held to maxBytes where that is less', async () => {
    const long = compressed([new Uint8Array(101)], { 'Content-Length': '50' });
    expect((await rejectionOf(readResponse(long, transfer))).message).to.include(
      '100 bytes (limits.maxBytes)',
    );
  });

  it('is free up to 256 MiB where its server does not declare its length, and raised by maxExpansion', async () => {
    const spaces = new Uint8Array(64 * MIB).fill(0x20);
    const read = (count: number, limits: ReadLimits) =>
      rejectionOf(readStateDict(compressed(new Array(count).fill(spaces)), { limits }));
    expect((await read(5, {})).message).to.equal(
      `readStateDict: Response: expected at most ${256 * MIB} bytes (limits.maxExpansion), got ${320 * MIB}`,
    );
    expect((await read(5, { maxExpansion: 17 })).message).to.include(`at most ${17 * 16 * MIB} bytes`);
  });
});

describe('a part in place of the whole', () => {
  const part = (range: string | undefined, text = 'abc') =>
    new Response(text, { status: 206, headers: range === undefined ? {} : { 'Content-Range': range } });

  it('is refused, of a Response and of a server that was not asked for one', async () => {
    for (const [range, got] of [
      ['bytes 0-2/4', 'the part "bytes 0-2/4"'],
      ['bytes 1-3/4', 'the part "bytes 1-3/4"'],
      ['bytes 0-2/*', 'the part "bytes 0-2/*"'],
      [undefined, 'a part that does not say which'],
    ]) {
      const rule = `spec: Response: expected the whole file, got ${got}`;
      expect((await rejectionOf(readResponse(part(range), TRANSFER))).message).to.equal(rule);
      const http = { fetch: async () => part(range) };
      const read = readUrl('https://example.org/m', { ...TRANSFER, http });
      expect((await rejectionOf(read)).message).to.equal(rule);
    }
  });

  it('is taken where it is the whole', async () => {
    expect(await readResponse(part('bytes 0-2/3'), TRANSFER)).to.deep.equal(utf8('abc'));
  });
});

describe('readBlob', () => {
  it('gives the bytes of a Blob', async () => {
    expect(await readBlob(new Blob(['ab', 'c']), TRANSFER)).to.deep.equal(utf8('abc'));
  });
});

describe('nameSource', () => {
  it('quotes the name of a source that has one', () => {
    expect(nameSource('path', 'a b')).to.equal('path "a b"');
    expect(nameSource('Blob', '')).to.equal('Blob');
  });
});
