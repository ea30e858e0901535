import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { httpAccess } from '../../../../src/state-dict/sources/http/http.js';
import type { ReadProgress, Transfer } from '../../../../src/state-dict/sources/stream.js';
import { rejectionOf } from '../../support.js';

const SIZE = 200_000;
const FILE = Uint8Array.from({ length: SIZE }, (_, i) => (i * 7 + (i >> 8)) & 0xff);
const HEAD = 65_536;
const PART = { begin: 100_000, end: 100_010 };

/** What a server does otherwise than it should, from the second request on or at once. */
interface Behaviour {
  readonly etag?: string;
  readonly modified?: string;
  readonly headers?: Record<string, string>;
  /** Changes the status, headers and body of a later answer. */
  readonly later?: (answer: Answer, request: IncomingMessage) => Partial<Answer>;
  readonly first?: (answer: Answer, request: IncomingMessage) => Partial<Answer>;
}

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

/** Serves FILE by ranges as the standard says, conditions of If-Range included. */
function rightAnswer({ headers }: IncomingMessage, { etag, modified }: Behaviour): Answer {
  const version: Record<string, string> = {};
  if (etag !== undefined) version.ETag = etag;
  if (modified !== undefined) version['Last-Modified'] = modified;
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  const condition = headers['if-range'];
  if (from === undefined || (condition !== undefined && condition !== etag && condition !== modified)) {
    return { status: 200, headers: version, body: FILE };
  }
  const last = Math.min(Number(to), SIZE - 1);
  const range = { 'Content-Range': `bytes ${from}-${last}/${SIZE}` };
  return { status: 206, headers: { ...version, ...range }, body: FILE.subarray(Number(from), last + 1) };
}

describe('httpAccess', () => {
  let server: Server;
  let behaviour: Behaviour = {};
  let url = '';
  let requests: IncomingMessage[] = [];

  before(async () => {
    server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
      requests.push(request);
      respond(request, response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/m`;
  });
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  function respond(request: IncomingMessage, response: ServerResponse): void {
    const answer = rightAnswer(request, behaviour);
    const change = requests.length === 1 ? behaviour.first : behaviour.later;
    const { status, headers, body } = { ...answer, ...change?.(answer, request) };
    response.writeHead(status, { ...headers, ...behaviour.headers, 'Content-Length': body.length });
    response.end(body);
  }

  function open(is: Behaviour = {}, transfer: Partial<Transfer> = {}) {
    behaviour = is;
    requests = [];
    return httpAccess(url, { where: 'spec', source: 'URL "u"', maxBytes: 2 ** 31, ...transfer });
  }

  /** The error of reading a part from a server that behaves so. */
  async function fault(is: Behaviour): Promise<string> {
    const source = await open(is);
    return (await rejectionOf(source.read([PART]))).message;
  }

  it('learns the size from a first request of 64 KiB, and reads just the parts asked for', async () => {
    const told: ReadProgress[] = [];
    const source = await open({}, { onProgress: (progress) => told.push(progress) });
    expect(source.size).to.equal(SIZE);
    const answers = await source.read([PART, { begin: 10, end: 20 }, { begin: HEAD - 1, end: HEAD + 1 }]);
    expect(answers).to.deep.equal([
      FILE.slice(100_000, 100_010),
      FILE.slice(10, 20),
      FILE.slice(HEAD - 1, HEAD + 1),
    ]);
    const ranges = requests.map(({ headers }) => headers.range);
    // Near each other, the last two are one request; it begins at a multiple of 8.
    expect(ranges).to.deep.equal(['bytes=0-65535', 'bytes=65528-100009']);
    expect(told.at(-1)).to.deep.equal({ loaded: HEAD + 100_010 - 65_528 });
    await source.close();
  });

  it('asks for no more than maxBytes at first, and holds the sum of the parts to it', async () => {
    const source = await open({}, { maxBytes: 1000 });
    expect(requests[0].headers.range).to.equal('bytes=0-999');
    expect((await rejectionOf(source.read([PART]))).message).to.equal(
      'spec: URL "u": expected at most 1000 bytes (limits.maxBytes), got 1010',
    );
  });

  it('takes the whole answer of a server that does not know ranges, once', async () => {
    const source = await open({ first: (answer) => ({ status: 200, body: FILE, headers: answer.headers }) });
    expect(source.size).to.equal(SIZE);
    expect(await source.read([PART])).to.deep.equal([FILE.slice(100_000, 100_010)]);
    expect(requests).to.have.length(1);
  });

  it('holds an answer in whole to maxBytes', async () => {
    const whole = { first: () => ({ status: 200, body: FILE, headers: {} }) };
    expect((await rejectionOf(open(whole, { maxBytes: 1000 }))).message).to.equal(
      'spec: URL "u": expected at most 1000 bytes (limits.maxBytes), got 200000',
    );
  });

  it('asks again, for the whole, where no range can be had: of an empty file, and of others', async () => {
    const none = { status: 416, headers: {}, body: new Uint8Array(0) };
    for (const body of [new Uint8Array(0), FILE]) {
      const source = await open({ first: () => none, later: () => ({ status: 200, headers: {}, body }) });
      expect(source.size).to.equal(body.length);
      expect(requests.map(({ headers }) => headers.range)).to.deep.equal(['bytes=0-65535', undefined]);
    }
  });

  it('asks for no range of an empty tensor, wherever it lies', async () => {
    const source = await open();
    const ranges = [0, 5, HEAD, 100_001, SIZE].map((at) => ({ begin: at, end: at }));
    for (const bytes of await source.read(ranges)) expect(bytes).to.have.length(0);
    expect(requests).to.have.length(1);
  });

  it('sends nothing that pages of another origin must ask for', async () => {
    await (await open({ etag: '"v1"', modified: 'Wed, 21 Oct 2015 07:28:00 GMT' })).read([PART]);
    for (const { headers } of requests) expect(headers).not.to.have.property('if-range');
  });

  it('takes the whole where the first part cannot be used', async () => {
    for (const headers of [
      {},
      { 'Content-Range': 'bytes 0-65535/*' },
      { 'Content-Range': 'bytes 1-65535/200000' },
      { 'Content-Range': 'bytes 0-65535/200000', 'Content-Encoding': 'identity' },
    ] as Record<string, string>[]) {
      const whole = () => ({ status: 200, headers: {}, body: FILE });
      const source = await open({ first: () => ({ headers }), later: whole });
      expect(await source.read([PART])).to.deep.equal([FILE.slice(100_000, 100_010)]);
      expect(requests.map((request) => request.headers.range)).to.deep.equal(['bytes=0-65535', undefined]);
    }
  });

  it('takes the whole of a server that compresses whatever is asked', async () => {
    const compressed = gzipSync(FILE);
    const part = compressed.subarray(0, HEAD);
    const headers = { 'Content-Encoding': 'gzip' };
    const range = { 'Content-Range': `bytes 0-${part.length - 1}/${compressed.length}` };
    const source = await open({
      first: () => ({ headers: { ...headers, ...range }, body: part }),
      later: () => ({ status: 200, headers, body: compressed }),
    });
    expect(await source.read([PART])).to.deep.equal([FILE.slice(100_000, 100_010)]);
    expect(requests.map((request) => request.headers.range)).to.deep.equal(['bytes=0-65535', undefined]);
  });

  describe('of a page, to which a failed request says nothing', () => {
    const { getBuiltinModule } = process;
    let asked: (string | null)[] = [];

    /** Fails as Chromium does where the answer to a request for a range is compressed. */
    const fetchWhole: typeof fetch = async (to, init) => {
      asked.push(new Headers(init?.headers).get('range'));
      if (asked.at(-1) !== null) throw new TypeError('Failed to fetch');
      return fetch(to, init);
    };
    const fails: typeof fetch = async () => {
      asked.push('none');
      throw new TypeError('Failed to fetch');
    };

    beforeEach(() => {
      asked = [];
      (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    });
    afterEach(() => {
      process.getBuiltinModule = getBuiltinModule;
    });

    it('asks for the whole once where the first request fails', async () => {
      const source = await open({}, { http: { fetch: fetchWhole as never } });
      expect(await source.read([PART])).to.deep.equal([FILE.slice(100_000, 100_010)]);
      expect(asked).to.deep.equal(['bytes=0-65535', null]);
    });

    it('tells the failure of the second, and makes none after an abort', async () => {
      const failure = await rejectionOf(open({}, { http: { fetch: fails as never } }));
      expect(failure.message).to.match(/^spec: URL "u": expected an answer, got TypeError: Failed to fetch/);
      expect(asked).to.have.length(2);
      const reason = new Error('no longer needed');
      const http = { fetch: fails as never };
      expect(await rejectionOf(open({}, { http, signal: AbortSignal.abort(reason) }))).to.equal(reason);
      expect(asked).to.have.length(3);
    });

    it('asks once in Node, which says why', async () => {
      process.getBuiltinModule = getBuiltinModule;
      await rejectionOf(open({}, { http: { fetch: fails as never } }));
      expect(asked).to.have.length(1);
    });
  });

  it('tells no total, since what will be read is not known', async () => {
    const told: ReadProgress[] = [];
    await open({}, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).to.deep.equal({ loaded: HEAD });
  });

  describe('refuses', () => {
    const again = 'Has the file changed? Read it again';
    const wrong =
      'Its server serves ranges wrongly: download the file and read that, or all of it without select';

    it('a file that is replaced while it is read', async () => {
      const replaced = () => ({ status: 200, body: FILE, headers: { ETag: '"v2"' } });
      expect(await fault({ etag: '"v1"', later: replaced })).to.equal(
        `spec: URL "u": expected bytes 100000 to 100010 of 200000 in version "v1", got the whole file. ${again}`,
      );
      const other = (answer: Answer) => ({ headers: { ...answer.headers, ETag: '"v2"' } });
      expect(await fault({ etag: '"v1"', later: other })).to.equal(
        'spec: URL "u": expected bytes 100000 to 100010 of 200000 in version "v1", ' +
          `got bytes 100000 to 100010 of 200000 in version "v2". ${again}`,
      );
    });

    it('a file whose weak ETag or date says that it has changed', async () => {
      const weak = (tag: string, modified: string) => ({ ETag: tag, 'Last-Modified': modified });
      const [day, next] = ['Wed, 21 Oct 2015 07:28:00 GMT', 'Thu, 22 Oct 2015 07:28:00 GMT'];
      const first = { etag: 'W/"1"', modified: day };
      for (const [tag, date] of [
        ['W/"2"', day],
        ['W/"1"', next],
      ]) {
        const later = (answer: Answer) => ({ headers: { ...answer.headers, ...weak(tag, date) } });
        expect(await fault({ ...first, later })).to.equal(
          `spec: URL "u": expected bytes 100000 to 100010 of 200000 in version W/"1" of ${day}, ` +
            `got bytes 100000 to 100010 of 200000 in version ${tag} of ${date}. ${again}`,
        );
      }
      expect(await (await open(first)).read([PART])).to.deep.equal([FILE.slice(100_000, 100_010)]);
    });

    it('later the whole file, another part than the one asked for, or one of a file of another size', async () => {
      const whole = () => ({ status: 200, body: FILE, headers: {} });
      expect(await fault({ later: whole })).to.include(`got the whole file. ${wrong}`);
      for (const [range, remedy] of [
        ['100001-100010/200000', wrong],
        ['100000-100008/200000', wrong],
        ['100000-100009/200001', again],
      ]) {
        const later = () => ({ headers: { 'Content-Range': `bytes ${range}` } });
        const told = await fault({ later });
        expect(told).to.match(/^spec: URL "u": expected bytes 100000 to 100010 of 200000, got bytes 10000/);
        expect(told).to.include(remedy);
      }
    });

    it('later a part without a Content-Range that says the size, or of compressed bytes', async () => {
      for (const headers of [
        {},
        { 'Content-Range': 'bytes 100000-100009/*' },
        { 'Content-Range': 'bytes 100000-100009/200000', 'Content-Encoding': 'identity' },
      ] as Record<string, string>[]) {
        expect(await fault({ later: () => ({ headers }) })).to.include(
          `got a part that cannot be used. ${wrong}`,
        );
      }
    });

    it('a body of another length than its part', async () => {
      const longer = (answer: Answer) => ({ body: FILE.subarray(0, answer.body.length + 1) });
      expect(await fault({ later: longer })).to.equal(
        'spec: URL "u": expected the 10 bytes it declares, got more',
      );
    });

    it('a status of failure, at first and later', async () => {
      const failed = () => ({ status: 503, headers: {}, body: new Uint8Array(0) });
      const text = 'spec: URL "u": expected a status of success (200 to 299), got 503 Service Unavailable';
      expect((await rejectionOf(open({ first: failed }))).message).to.equal(text);
      expect(await fault({ later: failed })).to.equal(text);
    });
  });

  it("rejects with the signal's reason between two parts", async () => {
    const controller = new AbortController();
    const reason = new Error('no longer needed');
    const source = await open({}, { signal: controller.signal });
    controller.abort(reason);
    expect(await rejectionOf(source.read([PART]))).to.equal(reason);
  });
});
