import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { describeSource } from '../../../../src/state-dict/describe.js';
import type { ReadOptions } from '../../../../src/state-dict/options.js';
import { readStateDict } from '../../../../src/state-dict/read.js';
import { resolveLimits } from '../../../../src/state-dict/rules/limits.js';
import { request } from '../../../../src/state-dict/sources/http/request.js';
import type { StateDict } from '../../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../../src/state-dict/write/safetensors.js';
import { rejectionOf, utf8 } from '../../support.js';
import { type Asked, type FileServer, startFileServer } from '../file-server.js';

const SECRETS = { Authorization: 'Bearer secret', 'X-Token': 'secret too' };

const isTrusted = ({ headers }: Asked) =>
  headers.authorization === SECRETS.Authorization && headers['x-token'] === SECRETS['X-Token'];
const hasSecret = ({ headers }: Asked) => JSON.stringify(headers).includes('secret');

/** A file of several requests: 400 KB before the wanted tensor. */
const FILE = writeSafetensors(
  new Map(
    ['a.w', 'b.w'].map((name, i) => [
      name,
      { dtype: 'F32', shape: [100_000], data: new Float32Array(100_000).fill(i) },
    ]),
  ) as StateDict,
);
const select = ['b'];

describe('headers of a request', () => {
  let home: FileServer;
  let elsewhere: FileServer;
  before(async () => {
    home = await startFileServer();
    elsewhere = await startFileServer();
  });
  beforeEach(() => {
    for (const server of [home, elsewhere]) {
      server.reset();
      server.files.set('/model.safetensors', FILE);
    }
  });
  after(() => Promise.all([home.close(), elsewhere.close()]));

  /** Answers with redirects from one path to a URL each. */
  function redirect(server: FileServer, from: string, to: string, status = 302): void {
    const answer = server.answer;
    server.answer = (asked, response) => {
      if (asked.path !== from) return answer?.(asked, response) ?? false;
      response.writeHead(status, { Location: to }).end();
      return true;
    };
  }

  /** Only requests with the headers are answered. */
  function gate(server: FileServer): void {
    server.answer = (asked, response) => {
      if (isTrusted(asked)) return false;
      response.writeHead(401, { 'Content-Type': 'text/html' }).end('<h1>Sign in</h1>');
      return true;
    };
  }

  const url = () => `${home.origin}/model.safetensors`;

  for (const [name, options] of [
    ['the whole', {}],
    ['parts', { select }],
    ['the whole of a known digest', { sha256: createHash('sha256').update(FILE).digest('hex') }],
  ] as [string, ReadOptions][]) {
    it(`are sent where a gated file is read: ${name}`, async () => {
      gate(home);
      for (const headers of [SECRETS, new Headers(SECRETS)])
        expect((await readStateDict(url(), { ...options, headers })).size).to.be.above(0);
      expect(home.asked.every(isTrusted)).to.equal(true);
    });
  }

  it('are sent for the files of an index, and for what describes a file', async () => {
    gate(home);
    const index = { weight_map: { 'a.w': 'model.safetensors', 'b.w': 'model.safetensors' } };
    home.files.set('/model.safetensors.index.json', utf8(JSON.stringify(index)));
    expect((await readStateDict(`${url()}.index.json`, { headers: SECRETS })).size).to.equal(2);
    const limits = resolveLimits('spec');
    expect(
      (await describeSource('spec', `${url()}.index.json`, { limits, headers: SECRETS })).files,
    ).to.equal(1);
    expect(home.asked.length).to.be.above(3);
    expect(home.asked.every(isTrusted)).to.equal(true);
  });

  it('are asked for by a message where none were given, which does not show those that were', async () => {
    gate(home);
    const rule = `readStateDict: URL "${url()}": expected a status of success (200 to 299), got 401 Unauthorized`;
    for (const options of [{}, { select }]) {
      expect((await rejectionOf(readStateDict(url(), options))).message).to.equal(
        `${rule}. If it is gated, pass headers (--header) that let you in, such as Authorization`,
      );
      const headers = { Authorization: 'Bearer wrong' };
      expect((await rejectionOf(readStateDict(url(), { ...options, headers }))).message).to.equal(rule);
    }
  });

  it('are not sent to another origin that a redirect leads to, and the range is', async () => {
    redirect(home, '/model.safetensors', `${elsewhere.origin}/model.safetensors`);
    for (const status of [301, 302, 303, 307, 308]) {
      redirect(home, '/model.safetensors', `${elsewhere.origin}/model.safetensors`, status);
      await readStateDict(url(), { select, headers: SECRETS });
    }
    expect(home.asked.every(isTrusted)).to.equal(true);
    expect(elsewhere.asked).to.have.length(10);
    expect(elsewhere.asked.some(hasSecret)).to.equal(false);
    for (const { headers } of elsewhere.asked) expect(headers).to.have.property('range');
  });

  it('are sent on at the same origin, and never again when a redirect has left it', async () => {
    home.files.set('/home', FILE);
    redirect(home, '/model.safetensors', '/moved');
    redirect(home, '/moved', 'home');
    await readStateDict(url(), { headers: SECRETS });
    expect(home.asked.map(({ path }) => path)).to.deep.equal(['/model.safetensors', '/moved', '/home']);
    expect(home.asked.every(isTrusted)).to.equal(true);
    redirect(home, '/moved', `${elsewhere.origin}/back`);
    redirect(elsewhere, '/back', `${home.origin}/home`);
    home.asked.length = 0;
    await readStateDict(url(), { headers: SECRETS });
    expect(home.asked.map(({ path }) => path)).to.deep.equal(['/model.safetensors', '/moved', '/home']);
    expect(home.asked.map(hasSecret)).to.deep.equal([true, true, false]);
    expect(elsewhere.asked.some(hasSecret)).to.equal(false);
  });

  it('do not make redirects endless, or lead to other schemes', async () => {
    const got = async () => (await rejectionOf(readStateDict(url(), { headers: SECRETS }))).message;
    redirect(home, '/model.safetensors', '/model.safetensors');
    expect(await got()).to.match(/expected an answer, got TypeError: redirected more than 20 times$/);
    expect(home.asked).to.have.length(21);
    redirect(home, '/model.safetensors', 'data:text/plain,abc');
    expect(await got()).to.match(/expected an answer, got TypeError: redirected to the scheme data:$/);
  });

  it('take the place of a user and a password in a URL, which no message shows', async () => {
    const basic = `Basic ${btoa('user:hunter2')}`;
    home.answer = ({ headers }, response) => {
      if (headers.authorization === basic) return false;
      response.writeHead(401).end();
      return true;
    };
    const secret = url().replace('//', '//user:hunter2@');
    for (const source of [secret, new URL(secret)]) {
      for (const options of [{}, { select }, { headers: SECRETS }]) {
        const error = await rejectionOf(readStateDict(source, options));
        expect(error).to.be.instanceOf(RangeError);
        expect(error.message).to.equal(
          `readStateDict: URL "${url()}": expected a URL without user and password, got one with them. ` +
            'Pass them as headers (--header): Authorization, "Basic " and the base64 of user:password',
        );
        expect(error.cause).to.equal(undefined);
      }
    }
    expect(home.asked).to.deep.equal([]);
    expect((await readStateDict(url(), { headers: { Authorization: basic } })).size).to.equal(2);
  });

  it('are not sent where a redirect leads to a URL with a password, which no message shows', async () => {
    redirect(home, '/model.safetensors', `${elsewhere.origin.replace('//', '//user:hunter2@')}/x`);
    const error = await rejectionOf(readStateDict(url(), { headers: SECRETS }));
    expect(error.message).to.equal(
      `readStateDict: URL "${url()}": expected an answer, got TypeError: redirected to a URL with user and password`,
    );
    expect(JSON.stringify([error, error.cause])).not.to.include('hunter2');
  });

  it("stand under this package's own", async () => {
    await readStateDict(url(), { select, headers: { Range: 'bytes=5-6', accept: 'x/y' } });
    expect(home.asked[0].headers).to.include({ range: 'bytes=0-65535', accept: 'x/y' });
  });

  it('are names and values', async () => {
    for (const headers of ['a: b', null, { 'a b': 'c' }, { a: '日' }, 5, [['a', 'b']]]) {
      const error = await rejectionOf(readStateDict(url(), { headers } as unknown as ReadOptions));
      expect(error).to.be.instanceOf(TypeError);
      expect(error.message).to.match(
        /^readStateDict: headers: expected an object of names and values of HTTP headers, got /,
      );
      expect(error.message).not.to.match(/b$|日/);
    }
    const wrong = { fetch: 'fetch' } as unknown as ReadOptions;
    expect((await rejectionOf(readStateDict(url(), wrong))).message).to.equal(
      'readStateDict: fetch: expected a function, got "fetch"',
    );
    expect(home.asked).to.deep.equal([]);
  });
});

describe('a fetch of one’s own', () => {
  const url = 'https://example.org/model.safetensors';

  it('is called for every request, with the URL as text, the headers and the signal', async () => {
    const asked: [string, string | null, string | null][] = [];
    const fetch = async (input: string, init?: RequestInit) => {
      const headers = new Headers(init?.headers);
      asked.push([input, headers.get('range'), headers.get('x-token')]);
      expect(init?.signal).to.be.instanceOf(AbortSignal);
      const [, begin, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? [];
      const end = Math.min(Number(last) + 1, FILE.length);
      const range = `bytes ${begin}-${end - 1}/${FILE.length}`;
      return new Response(FILE.slice(Number(begin), end), {
        status: 206,
        headers: { 'Content-Range': range },
      });
    };
    const { signal } = new AbortController();
    const read = await readStateDict(new URL(url), { select, fetch, signal, headers: { 'X-Token': 't' } });
    expect([...read.keys()]).to.deep.equal(['b.w']);
    expect(asked.map(([input, , token]) => [input, token])).to.deep.equal([
      [url, 't'],
      [url, 't'],
    ]);
  });

  it('may fail, and says why', async () => {
    const cause = new Error('no network', { cause: { code: 'EPROXY' } });
    const error = await rejectionOf(readStateDict(url, { fetch: () => Promise.reject(cause) }));
    expect(error.message).to.equal(
      `readStateDict: URL "${url}": expected an answer, got Error: no network (EPROXY)`,
    );
    expect(error.cause).to.equal(cause);
  });

  it('shows no secrets of the URL where it fails, is malformed, or its file is', async () => {
    const secret = `${url}?X-Amz-Signature=c0ffee&token=hf_abc`;
    const name = `readStateDict: URL "${url}?X-Amz-Signature=...&token=..."`;
    const messageOf = async (source: string, fetch: () => Promise<Response>) =>
      (await rejectionOf(readStateDict(source, { fetch }))).message;
    const failing = () => Promise.reject(new TypeError(`Failed to parse URL from ${secret}`));
    expect(await messageOf(secret, failing)).to.equal(
      `${name}: expected an answer, got TypeError: Failed to parse URL from ${url}?X-Amz-Signature=...&token=...`,
    );
    expect(await messageOf(secret, async () => new Response('', { status: 404 }))).to.include(
      `${name}: expected`,
    );
    expect(await messageOf(secret, async () => new Response('abc'))).to.match(
      /^[^?]*\?X-Amz-Signature=\.\.\.&t/,
    );
    expect(await messageOf('https://user:hunter2@host:99999/m', failing)).to.equal(
      'readStateDict: URL "https://host:99999/m": expected a URL, got one that is malformed',
    );
  });

  it('follows redirects itself where there are no headers to keep back, and none where the caller says so', async () => {
    const seen: (string | undefined)[] = [];
    const fetch = async (_: string, init?: RequestInit) => {
      seen.push(init?.redirect);
      return new Response('');
    };
    await request(url, { redirect: 'follow' }, { fetch });
    await request(url, { redirect: 'error' }, { fetch, headers: {} });
    await request(url, { redirect: 'follow' }, { fetch, headers: {} });
    await request(url, {}, { fetch, headers: {} });
    expect(seen).to.deep.equal(['follow', 'error', 'manual', 'manual']);
  });

  it('must return a Response', async () => {
    for (const [value, got] of [
      [undefined, 'undefined'],
      [new ArrayBuffer(8), 'ArrayBuffer'],
    ]) {
      for (const options of [{}, { select }, { headers: { a: 'b' } }]) {
        const fetch = (async () => value) as unknown as typeof globalThis.fetch;
        expect((await rejectionOf(readStateDict(url, { ...options, fetch }))).message).to.equal(
          `readStateDict: URL "${url}": expected an answer, got TypeError: the fetch given returned ${got}, not a Response`,
        );
      }
    }
  });
});
