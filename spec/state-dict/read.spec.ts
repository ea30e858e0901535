import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { show } from '../../src/check.js';
import { FormatError, UnsupportedError } from '../../src/errors.js';
import type { ReadOptions } from '../../src/state-dict/options.js';
import { parseStateDict } from '../../src/state-dict/parse.js';
import { readStateDict } from '../../src/state-dict/read.js';
import type { ReadReport } from '../../src/state-dict/report.js';
import type { StateDictSource } from '../../src/state-dict/sources/locate.js';
import type { ReadProgress } from '../../src/state-dict/sources/stream.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { skip } from '../support/skip.js';
import { expectSameBits, FOLDER_REMEDY, fixture, fixturePath, rejectionOf, utf8 } from './support.js';

const MODULE = 'reference/module.safetensors';
const FILE = fixture(MODULE);
const EXPECTED = parseStateDict(FILE);

/** 3 MB of which `select: ['small']` needs little. */
const BIG = writeSafetensors(
  new Map(
    ['a.weight', 'small.bias', 'z.weight'].map((name, i) => {
      const data = Float32Array.from({ length: i === 1 ? 3 : 400_000 }, (_, j) => i + j);
      return [name, { dtype: 'F32', shape: [data.length], data }];
    }),
  ),
);

/** Answers of the local server, by path. */
function serve(): Promise<Server> {
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    switch (request.url) {
      case '/module.safetensors':
        response.setHeader('Content-Length', FILE.length);
        return void response.end(FILE);
      case '/chunked':
        response.write(FILE.subarray(0, 100));
        return void response.end(FILE.subarray(100));
      case '/gzip':
        response.setHeader('Content-Encoding', 'gzip');
        return void response.end(gzipSync(FILE));
      case '/broken':
        response.setHeader('Content-Length', FILE.length);
        response.write(FILE.subarray(0, 100), () => response.destroy());
        return;
      case '/ranges':
        return void serveRange(request, response);
      case '/slow':
        response.setHeader('Content-Length', FILE.length);
        return void response.write(FILE.subarray(0, 100));
      case '/page':
        return void response.end('<!doctype html><h1>Sign in</h1>');
      default:
        response.statusCode = 404;
        return void response.end('<h1>Not found</h1>');
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function serveRange({ headers }: IncomingMessage, response: ServerResponse): void {
  const [, begin, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
  const end = Math.min(Number(last) + 1, BIG.length);
  response.writeHead(206, { 'Content-Range': `bytes ${begin}-${end - 1}/${BIG.length}` });
  response.end(BIG.subarray(Number(begin), end));
}

describe('readStateDict', () => {
  let server: Server;
  let origin: string;
  let folder: string;

  before(async () => {
    server = await serve();
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    folder = mkdtempSync(join(tmpdir(), 'state-dict-'));
  });

  after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });

  const path = fileURLToPath(fixturePath(MODULE));
  const sources: [string, () => StateDictSource][] = [
    ['an absolute path', () => path],
    ['a relative path', () => relative(process.cwd(), path)],
    ['a file: URL', () => pathToFileURL(path)],
    ['a file: URL as a string', () => pathToFileURL(path).href],
    ['an http: URL', () => new URL(`${origin}/module.safetensors`)],
    ['an http: URL as a string', () => `${origin}/module.safetensors`],
    ['an http: URL that declares no length', () => `${origin}/chunked`],
    ['an http: URL with compressed content', () => `${origin}/gzip`],
    ['a data: URL', () => `data:application/octet-stream;base64,${Buffer.from(FILE).toString('base64')}`],
    ['a blob: URL', () => URL.createObjectURL(new Blob([FILE]))],
    ['an ArrayBuffer', () => FILE.buffer],
    ['a Uint8Array', () => FILE],
    ['a Buffer at an odd offset', () => Buffer.concat([Buffer.of(0), FILE]).subarray(1)],
    ['a Blob', () => new Blob([FILE])],
    ['a Response', () => new Response(FILE)],
  ];
  for (const [name, source] of sources) {
    it(`reads ${name}`, async () => expectSameBits(await readStateDict(source()), EXPECTED));
  }

  const sourceOf = (name: string) => sources.find(([known]) => known === name)![1]();

  it('reads an ArrayBuffer and a Uint8Array of another realm', async () => {
    const foreign: Uint8Array = runInNewContext('new Uint8Array(length)', { length: FILE.length });
    foreign.set(FILE);
    expect(foreign).not.to.be.instanceOf(Uint8Array);
    expectSameBits(await readStateDict(foreign), EXPECTED);
    expectSameBits(await readStateDict(foreign.buffer as ArrayBuffer), EXPECTED);
  });

  it('reads JSON text from a path', async () => {
    const stateDict = await readStateDict(fileURLToPath(fixturePath('reference/module.json')));
    expect(stateDict.get('weight_ih_l0')!.data).to.deep.equal(EXPECTED.get('weight_ih_l0')!.data);
  });

  it('reads a file into one buffer that all its tensors view', async () => {
    const stateDict = await readStateDict(path);
    const buffers = new Set([...stateDict.values()].map(({ data }) => data.buffer));
    expect(buffers.size).to.equal(1);
    expect([...buffers][0].byteLength).to.equal(FILE.length);
  });

  it('reads a file of any size in whole, telling progress in between', async () => {
    const big = join(folder, 'big.json');
    writeFileSync(big, `{"w":[1,2]${' '.repeat(20_000_000)}}`);
    const told: ReadProgress[] = [];
    const stateDict = await readStateDict(big, { onProgress: (progress) => told.push(progress) });
    expect(stateDict.get('w')!.data).to.deep.equal(Float32Array.of(1, 2));
    const loaded = told.map((progress) => progress.loaded);
    expect(loaded).to.deep.equal([...loaded].sort((a, b) => a - b));
    expect(loaded).to.have.length(5);
    expect(told.at(-1)).to.deep.equal({ loaded: 20_000_011, total: 20_000_011 });
  });

  it('takes the declared length of another origin for a hint: it may count compressed bytes', async () => {
    const response = () => new Response(FILE, { headers: { 'Content-Length': '100' } });
    const foreign = Object.defineProperty(response(), 'type', { value: 'cors' });
    expectSameBits(await readStateDict(foreign), EXPECTED);
    const error = await rejectionOf(readStateDict(response()));
    expect(error.message).to.equal('readStateDict: Response: expected the 100 bytes it declares, got more');
  });

  it('tells the total of a download that declares it', async () => {
    const told: ReadProgress[] = [];
    await readStateDict(`${origin}/module.safetensors`, { onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).to.deep.equal({ loaded: FILE.length, total: FILE.length });
  });

  it('calls no onProgress for bytes already in memory', async () => {
    await readStateDict(FILE, { onProgress: () => expect.fail('called') });
  });

  describe('with select', () => {
    const select = ['small'];
    const small = new Map([...parseStateDict(BIG)].filter(([name]) => name === 'small.bias'));
    let bigPath: string;
    before(() => {
      bigPath = join(folder, 'big.safetensors');
      writeFileSync(bigPath, BIG);
    });

    const partly: [string, () => StateDictSource, number][] = [
      ['a path', () => bigPath, 10_000],
      ['a file: URL', () => pathToFileURL(bigPath), 10_000],
      ['a Blob', () => new Blob([BIG]), 10_000],
      ['a URL whose server serves ranges', () => `${origin}/ranges`, 70_000],
    ];
    for (const [name, source, most] of partly) {
      it(`reads of ${name} what it needs alone, within maxBytes`, async () => {
        const told: ReadProgress[] = [];
        const limits = { maxBytes: most };
        const onProgress = (progress: ReadProgress) => told.push(progress);
        expectSameBits(await readStateDict(source(), { select, limits, onProgress }), small);
        expect(told.at(-1)!.loaded).to.be.within(1, most);
      });
    }

    it('reads of every other source the whole, and takes the same of it', async () => {
      for (const source of [BIG, new Response(BIG)])
        expectSameBits(await readStateDict(source, { select }), small);
      expect(
        (await readStateDict(`${origin}/module.safetensors`, { select: ['weight_ih_l0'] })).size,
      ).to.equal(1);
      expect((await readStateDict(sourceOf('a data: URL'), { select: ['weight_ih_l0'] })).size).to.equal(1);
      expect((await readStateDict(sourceOf('a blob: URL'), { select: ['weight_ih_l0'] })).size).to.equal(1);
    });

    it('names the source where nothing is below a path', async () => {
      const error = await rejectionOf(readStateDict(bigPath, { select: ['tiny'] }));
      expect(error.message).to.equal(
        `readStateDict: path ${show(bigPath)}: select: expected module paths of tensors, got "tiny". ` +
          'There are "a", "small", "z"',
      );
    });

    /** A handle may be gone between its listing and this look at it. */
    const isInFolder = (handle: string) => {
      try {
        return readlinkSync(`/proc/self/fd/${handle}`).startsWith(folder);
      } catch {
        return false;
      }
    };

    it('closes the file however the reading ends', async function () {
      if (process.platform !== 'linux') skip(this, 'a process can list what it has open on Linux alone');
      const handles = () => readdirSync('/proc/self/fd').filter(isInFolder);
      const cut = join(folder, 'cut-big.safetensors');
      writeFileSync(cut, BIG.subarray(0, 1_000_000));
      const controller = new AbortController();
      const onProgress = () => controller.abort(new Error('enough'));
      await readStateDict(bigPath, { select });
      await rejectionOf(readStateDict(bigPath, { select: ['none'] }));
      await rejectionOf(readStateDict(cut, { select }));
      await rejectionOf(readStateDict(bigPath, { select, onProgress, signal: controller.signal }));
      expect(handles()).to.deep.equal([]);
    });

    it('reports what was taken', async () => {
      const reports: ReadReport[] = [];
      await readStateDict(bigPath, { select, onReport: (report) => reports.push(report) });
      expect(reports).to.deep.equal([
        { format: 'safetensors', path: [], tensors: 1, warnings: [], unknownGlobals: [] },
      ]);
    });
  });

  describe('refusals', () => {
    const message = async (source: unknown, options?: ReadOptions) =>
      (await rejectionOf(readStateDict(source as StateDictSource, options))).message;

    it('name a missing file and where relative paths start', async () => {
      const error = await rejectionOf(readStateDict('models/none.safetensors'));
      expect(error.message).to.equal(
        'readStateDict: path "models/none.safetensors": expected a readable file, got no such file. ' +
          `Relative paths start at ${process.cwd()}`,
      );
      expect(error.cause).to.have.property('code', 'ENOENT');
    });

    it('name a directory', async () => {
      expect(await message(folder)).to.equal(
        `readStateDict: path ${JSON.stringify(folder)}: expected a file, got a directory. ${FOLDER_REMEDY}`,
      );
    });

    it('name a device', async () => {
      expect(await message('/dev/null')).to.equal(
        'readStateDict: path "/dev/null": expected a file, got a device or pipe',
      );
    });

    it('name the URL and status of an answer without success', async () => {
      const text = `"${origin}/none": expected a status of success (200 to 299), got 404 Not Found`;
      expect(await message(`${origin}/none`)).to.equal(`readStateDict: URL ${text}`);
      expect(await message(await fetch(`${origin}/none`))).to.equal(`readStateDict: Response ${text}`);
    });

    it('name the URL of a server that does not answer', async () => {
      const text = await message('http://127.0.0.1:1/model.safetensors');
      expect(text).to.match(
        /^readStateDict: URL "http:\/\/127.0.0.1:1\/model.safetensors": expected an answer, got TypeError: /,
      );
    });

    it('name the URL of a body that breaks off', async () => {
      expect(await message(`${origin}/broken`)).to.match(
        /^readStateDict: URL "http:.*\/broken": expected the whole body, got .* after 100 bytes$/,
      );
    });

    it('name the path, URL, Blob or bytes of a malformed file, and keep its code', async () => {
      const cut = FILE.subarray(0, 100);
      const cutPath = join(folder, 'cut.safetensors');
      writeFileSync(cutPath, cut);
      for (const [source, name] of [
        [cutPath, `path ${show(cutPath)}`],
        [new File([cut], 'cut.bin'), 'Blob "cut.bin"'],
        [cut, 'bytes'],
      ]) {
        const error = await rejectionOf(readStateDict(source as StateDictSource));
        expect(error).to.be.instanceOf(FormatError).with.property('code', 'TRUNCATED');
        expect(error.message).to.match(/: safetensors: header: expected at most the 92 bytes that follow/);
        expect(error.message.startsWith(`readStateDict: ${name}: safetensors: `), error.message).to.equal(
          true,
        );
      }
    });

    it('name a string that is not a URL, and a URL whose scheme is not read', async () => {
      expect(await message('file://[')).to.equal(
        'readStateDict: source: expected a file: URL, got "file://["',
      );
      expect(await message('ftp://127.0.0.1/model')).to.equal(
        'readStateDict: URL "ftp://127.0.0.1/model": expected an answer, got TypeError: fetch failed (unknown scheme)',
      );
    });

    it('name an option that is unknown or of another type', async () => {
      const known =
        'expected one of format, limits, path, select, onReport, signal, onProgress, sha256, headers, fetch';
      for (const [options, text] of [
        [
          { onprogress() {} },
          `onprogress: ${known}, got unknown option "onprogress". Did you mean onProgress?`,
        ],
        [null, 'options: expected an object, got null'],
        [
          { limits: { maxbytes: 3 } },
          'limits: maxbytes: expected one of maxHeaderBytes, maxTensors, maxTensorBytes, maxExpansion, maxEntries, maxBytes, maxPickleBytes, got unknown option "maxbytes". Did you mean maxBytes?',
        ],
        [{ limits: null }, 'limits: expected an object, got null'],
        [{ signal: {} }, 'signal: expected an AbortSignal, got Object'],
        [{ signal: 0 }, 'signal: expected an AbortSignal, got 0'],
        [{ signal: null }, 'signal: expected an AbortSignal, got null'],
        [{ onProgress: 1 }, 'onProgress: expected a function, got 1'],
        [{ onReport: 1 }, 'onReport: expected a function, got 1'],
        [{ path: 'model' }, 'path: expected a list of keys, such as [\'model\'], got "model"'],
        [{ select: 'gru' }, 'select: expected a list of module paths, got "gru"'],
      ] as [ReadOptions, string][]) {
        expect(await message(FILE, options)).to.equal(`readStateDict: ${text}`);
      }
    });

    it('tell a page in place of a file', async () => {
      const error = await rejectionOf(readStateDict(`${origin}/page`));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.include('got an HTML or XML page');
    });

    it('name a Response whose body is read already', async () => {
      const response = new Response(FILE);
      await response.arrayBuffer();
      expect(await message(response)).to.equal(
        'readStateDict: Response: expected a body not read yet, got one that is. Pass response.clone()',
      );
    });

    it('name an empty body', async () => {
      const error = await rejectionOf(readStateDict(new Response(null)));
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'TRUNCATED');
      expect(error.message).to.match(/^readStateDict: Response: file: format: .*, got 0 bytes$/);
    });

    it('name a file, body, Blob or buffer that is longer than the limit', async () => {
      const limits = { maxBytes: 1000 };
      const rule = `expected at most 1000 bytes (limits.maxBytes), got ${FILE.length}`;
      expect(await message(path, { limits })).to.equal(`readStateDict: path ${show(path)}: ${rule}`);
      const url = `${origin}/module.safetensors`;
      expect(await message(url, { limits })).to.equal(`readStateDict: URL "${url}": ${rule}`);
      expect(await message(new Blob([FILE]), { limits })).to.equal(`readStateDict: Blob: ${rule}`);
      expect(await message(new File([FILE], 'm.bin'), { limits })).to.equal(
        `readStateDict: Blob "m.bin": ${rule}`,
      );
      expect(await message(FILE, { limits })).to.equal(`readStateDict: bytes: ${rule}`);
    });

    it('name a value that is not a source', async () => {
      const rule = 'expected a path, URL, ArrayBuffer, Uint8Array, Blob or Response';
      for (const [source, got] of [
        [null, 'null'],
        [5, '5'],
        [[1], '[1]'],
        [Float32Array.of(1), 'Float32Array'],
        // What is a Blob in part.
        [{ size: 3, stream: () => new Blob(['abc']).stream() }, 'Object'],
        [{ size: -5, stream: () => new Blob(['abc']).stream(), slice: () => new Blob([]) }, 'Object'],
        [{ size: 0.5, stream: () => new Blob(['abc']).stream(), slice: () => new Blob([]) }, 'Object'],
      ]) {
        for (const options of [{}, { select: ['a'] }])
          expect(await message(source, options)).to.equal(`readStateDict: source: ${rule}, got ${got}`);
      }
    });

    it('come before reading where an option is wrong', async () => {
      expect(await message('none', { format: 'pt' as 'json' })).to.equal(
        'readStateDict: format: expected "safetensors" or "torch" or "program" or "pickle" or "npz" or "npy" or "json", got "pt"',
      );
      expect(await message('none', { limits: { maxBytes: -1 } })).to.equal(
        'readStateDict: limits.maxBytes: expected an integer >= 1, got -1',
      );
    });
  });

  describe('with a signal', () => {
    const reason = new Error('page closed');

    it('rejects with the reason of one already aborted, whatever the source', async () => {
      const signal = AbortSignal.abort(reason);
      for (const source of [FILE, path, `${origin}/module.safetensors`, new Blob([FILE])]) {
        expect(await rejectionOf(readStateDict(source, { signal }))).to.equal(reason);
      }
    });

    it('rejects with the reason while a download waits for more', async () => {
      const controller = new AbortController();
      const onProgress = () => controller.abort(reason);
      const promise = readStateDict(`${origin}/slow`, { signal: controller.signal, onProgress });
      expect(await rejectionOf(promise)).to.equal(reason);
    });

    it('rejects with the reason between two reads of a file', async () => {
      const big = join(folder, 'abort.json');
      writeFileSync(big, `{"w":[1,2]${' '.repeat(40_000_000)}}`);
      const controller = new AbortController();
      let reads = 0;
      const onProgress = () => {
        reads++;
        controller.abort(reason);
      };
      const promise = readStateDict(big, { signal: controller.signal, onProgress });
      expect(await rejectionOf(promise)).to.equal(reason);
      expect(reads).to.equal(1);
    });
  });

  describe('without the file system of Node', () => {
    const original = process.getBuiltinModule;
    beforeEach(() => {
      (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
    });
    afterEach(() => {
      process.getBuiltinModule = original;
    });

    it('refuses no name at all, which would be that of the page', async () => {
      const error = await rejectionOf(readStateDict(''));
      expect(error.message).to.equal('readStateDict: source: expected a path or URL, got ""');
    });

    it('takes a string for a URL, which a page may give relative to itself', async () => {
      const error = await rejectionOf(readStateDict('models/gru.safetensors'));
      expect(error.message).to.match(
        /^readStateDict: URL "models\/gru.safetensors": expected an answer, got TypeError: .* does not allow it \(CORS\)\?/,
      );
    });

    it('recognises an index whatever follows its path, also in a URL without a scheme', async () => {
      const { fetch } = globalThis;
      globalThis.fetch = async () => new Response('{"metadata": {}}');
      try {
        const error = await rejectionOf(readStateDict('m/model.safetensors.index.json?download=true#x'));
        expect(error).to.include({ code: 'INVALID_STRUCTURE' });
        expect(error.message).to.match(
          /index: root: expected an object with a weight_map, got no weight_map$/,
        );
      } finally {
        globalThis.fetch = fetch;
      }
    });

    it('refuses a SHA-256 that could not be checked before it fetches anything', async () => {
      const { fetch } = globalThis;
      const crypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!;
      globalThis.fetch = () => expect.fail('it was fetched');
      Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
      try {
        const error = await rejectionOf(readStateDict('m.pt', { sha256: '0'.repeat(64) }));
        expect(error.message).to.match(/sha256: expected a host with crypto.subtle/);
      } finally {
        globalThis.fetch = fetch;
        Object.defineProperty(globalThis, 'crypto', crypto);
      }
    });

    it('refuses a file: URL with the remedy', async () => {
      const error = await rejectionOf(readStateDict('file:///models/gru.safetensors'));
      expect(error).to.be.instanceOf(UnsupportedError);
      expect(error.message).to.equal(
        'readStateDict: URL "file:///models/gru.safetensors": expected no file: URL outside Node, got one. ' +
          'Pass the File that the user picked, or serve it over http',
      );
    });

    it('reads bytes, Blobs and URLs all the same', async () => {
      for (const source of [FILE, new Blob([FILE]), `${origin}/module.safetensors`]) {
        expectSameBits(await readStateDict(source), EXPECTED);
      }
    });
  });

  it('accepts JSON bytes that are told to be JSON', async () => {
    expect((await readStateDict(utf8('{"w":1}'), { format: 'json' })).size).to.equal(1);
  });
});
