import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { FormatError } from '../../src/errors.js';
import { describeSource } from '../../src/state-dict/describe.js';
import type { ReadOptions } from '../../src/state-dict/options.js';
import { readStateDict } from '../../src/state-dict/read.js';
import type { ReadReport } from '../../src/state-dict/report.js';
import { resolveLimits } from '../../src/state-dict/rules/limits.js';
import { parseIndex } from '../../src/state-dict/sharded.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { skip } from '../support/skip.js';
import { npyDict, npyFile } from './formats/numpy/support.js';
import { errorOf, FOLDER_REMEDY, openedFile, rejectionOf, utf8 } from './support.js';

const [FIRST, SECOND] = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
const MAP = { 'fc.bias': SECOND, 'gru.w': FIRST, 'fc.weight': SECOND };

function shard(names: readonly string[]): Uint8Array {
  return writeSafetensors(
    new Map(names.map((name) => [name, { dtype: 'U8', shape: [1], data: Uint8Array.of(name.length) }])),
  );
}

const FILES: Record<string, Uint8Array> = {
  [FIRST]: shard(['gru.w']),
  [SECOND]: shard(['fc.weight', 'fc.bias']),
};

function indexOf(weightMap: unknown): Uint8Array {
  return utf8(JSON.stringify({ metadata: { total_size: 140e12 }, weight_map: weightMap }));
}

describe('readStateDict of a model in several files', () => {
  let root: string;
  let folder: string;
  let index: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sharded-'));
    folder = join(root, 'model');
    mkdirSync(folder);
    index = join(folder, 'model.safetensors.index.json');
    writeFileSync(index, indexOf(MAP));
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(folder, name), bytes);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const values = async (source: string | URL, options?: ReadOptions) =>
    [...(await readStateDict(source, options))].map(([name, { data }]) => [name, Number(data[0])]);
  const ALL = [
    ['fc.bias', 7],
    ['gru.w', 5],
    ['fc.weight', 9],
  ];

  it('takes all tensors, in the order of the index, of its path, its URL or the folder', async () => {
    for (const source of [index, pathToFileURL(index), folder, `${folder}/`, pathToFileURL(folder).href])
      expect(await values(source), `${source}`).to.deep.equal(ALL);
  });

  it('takes a folder with the index of .bin files for one too', async () => {
    rmSync(index);
    writeFileSync(join(folder, 'pytorch_model.bin.index.json'), indexOf(MAP));
    expect(await values(folder)).to.deep.equal(ALL);
  });

  it('leaves files alone that hold nothing selected', async () => {
    rmSync(join(folder, FIRST));
    expect(await values(index, { select: ['fc'] })).to.deep.equal([
      ['fc.bias', 7],
      ['fc.weight', 9],
    ]);
  });

  it('reports once, and tells of tensors that the index does not list', async () => {
    writeFileSync(join(folder, FIRST), shard(['gru.w', 'extra']));
    const reports: ReadReport[] = [];
    expect(await values(index, { onReport: (report) => reports.push(report) })).to.deep.equal(ALL);
    const warnings = [`${FIRST}: Left out, because the index does not list it: "extra".`];
    expect(reports).to.deep.equal([
      { format: 'safetensors', path: [], tensors: 3, warnings, unknownGlobals: [] },
    ]);
    const described = await describeSource('spec', folder, { limits: resolveLimits('spec') });
    expect(described.warnings).to.deep.equal(warnings);
  });

  it('tells the console what a file or the index leaves out, where no report is taken', async () => {
    const first = { state_dict: { 'gru.w': [[1]] }, ema: [[5, 6]] };
    const array = npyFile(npyDict('|u1', '(1,)'), 1);
    writeFileSync(join(folder, 'a.json'), JSON.stringify(first));
    writeFileSync(join(folder, 'b.npy'), Uint8Array.from([...array, ...array]));
    writeFileSync(join(folder, 'c.safetensors'), shard(['fc', 'extra']));
    writeFileSync(index, indexOf({ 'gru.w': 'a.json', arr_0: 'b.npy', fc: 'c.safetensors' }));
    const { warn } = console;
    const warned: string[] = [];
    console.warn = (text: string) => warned.push(text);
    try {
      expect(await values(index)).to.have.length(3);
      expect(warned).to.have.length(1);
      await readStateDict(index, { onReport: () => {} });
    } finally {
      console.warn = warn;
    }
    expect(warned).to.have.length(1);
    expect(warned[0])
      .to.match(
        /^readStateDict: path ".*index.json": a\.json: Left out beside \["state_dict"\]: tensor "ema"\. b\.npy: /,
      )
      .and.contain(' b.npy: Left out, as numpy.load does: ')
      .and.match(/ c\.safetensors: Left out, because the index does not list it: "extra"\.$/);
  });

  it('has as many ties in the metadata of a file as that alone', async () => {
    const count = 150_000;
    const ties = new Map(Array.from({ length: count }, (_, i) => [`t${i}`, 'gru.w']));
    const tensor = { dtype: 'U8', shape: [1], data: Uint8Array.of(5) } as const;
    writeFileSync(join(folder, FIRST), writeSafetensors(new Map([['gru.w', tensor]]), ties));
    writeFileSync(index, indexOf({ 'gru.w': FIRST }));
    const limits = { maxTensors: 10 * count };
    const read = await readStateDict(index, { limits });
    expect(read.size).to.equal(count + 1);
    const described = await describeSource('spec', folder, { limits: resolveLimits('spec', limits) });
    expect(described.tensors.size).to.equal(count + 1);
    expect(described.tensors.get('t0')).to.have.property('sameAs', 'gru.w');
  });

  it('reads of a cache whose files are all links into one folder', async function () {
    if (process.platform === 'win32') skip(this, 'links need a privilege on Windows');
    const snapshot = join(root, 'snapshot');
    mkdirSync(snapshot);
    for (const name of [...Object.keys(FILES), 'model.safetensors.index.json'])
      symlinkSync(join(folder, name), join(snapshot, name));
    expect(await values(snapshot)).to.deep.equal(ALL);
  });

  describe('over HTTP', () => {
    let server: Server;
    let origin: string;
    const asked: string[] = [];
    before(async () => {
      server = createServer({ keepAliveTimeout: 0 }, ({ url = '' }, response) => {
        asked.push(url);
        const name = url.replace(/\?.*$/, '').replace(/^.*\//, '');
        const body = name.endsWith('.json') ? indexOf(MAP) : FILES[name];
        response.statusCode = body ? 200 : 404;
        response.end(body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    after(() => {
      server.closeAllConnections();
      server.close();
    });

    it('takes the files beside the index, whatever follows its path', async () => {
      expect(await values(`${origin}/a/model.safetensors.index.json?download=a/b`)).to.deep.equal(ALL);
      expect(asked).to.deep.equal([
        '/a/model.safetensors.index.json?download=a/b',
        `/a/${SECOND}`,
        `/a/${FIRST}`,
      ]);
    });
  });

  describe('refuses', () => {
    const fault = (options?: ReadOptions) => rejectionOf(readStateDict(index, options));
    const where = () => `readStateDict: path ${JSON.stringify(index)}`;

    it('files that are missing, all at once', async () => {
      rmSync(join(folder, FIRST));
      rmSync(join(folder, SECOND));
      expect((await fault()).message).to.equal(
        `${where()}: files: expected all 2 beside it, got none called "${SECOND}", "${FIRST}"`,
      );
    });

    it('a link out of the folder', async function () {
      if (process.platform === 'win32') skip(this, 'links need a privilege on Windows');
      const secret = join(root, 'secret');
      writeFileSync(secret, FILES[FIRST]);
      rmSync(join(folder, FIRST));
      symlinkSync(secret, join(folder, FIRST));
      const error = await fault();
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.match(/: expected files in the folder of the index, got a link to ".*secret"/);
    });

    it('a tensor that its file lacks', async () => {
      writeFileSync(join(folder, SECOND), shard(['fc.weight']));
      const error = await fault();
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'MISSING_PART');
      expect(error.message).to.equal(
        `readStateDict: path ${JSON.stringify(join(folder, SECOND))}: index: tensor "fc.bias": ` +
          'expected one in this file, got none',
      );
    });

    it('a tensor in two files', async () => {
      writeFileSync(join(folder, FIRST), shard(['gru.w', 'fc.bias']));
      const error = await fault();
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'DUPLICATE_NAME');
      expect(error.message).to.include(
        `index: tensor "fc.bias": expected it in "${SECOND}" alone, got one in this file too`,
      );
    });

    it('a selection that is in no file, by the names of the index', async () => {
      expect((await fault({ select: ['none'] })).message).to.equal(
        `${where()}: select: expected module paths of tensors, got "none". There are "fc", "gru"`,
      );
    });

    it('the digest of one file', async () => {
      expect((await fault({ sha256: '0'.repeat(64) })).message).to.equal(
        `${where()}: sha256: expected a model in one file, got one in several. Check the files of the model one by one`,
      );
    });

    it('a page or another file in place of the index, by what it is', async () => {
      writeFileSync(index, '<!doctype html><title>Not found</title>');
      expect((await fault()).message).to.match(
        /index.json": file: format: expected one of tensors .*, got an HTML or XML page\./,
      );
      writeFileSync(index, writeSafetensors(new Map()));
      expect((await fault()).message).to.equal(
        `${where()}: index: root: expected an object with a weight_map, got another format`,
      );
    });

    it('a folder without an index', async () => {
      const error = await rejectionOf(readStateDict(root));
      expect(error.message).to.equal(
        `readStateDict: path ${JSON.stringify(root)}: expected a file, got a directory. ${FOLDER_REMEDY}`,
      );
    });
  });
});

describe('parseIndex', () => {
  const parse = (bytes: Uint8Array, limits: object = {}) =>
    parseIndex(bytes, openedFile(bytes.length, limits)).weightMap;

  it('gives the map in its order, and leaves what stands beside it', () => {
    expect([...parse(indexOf({ b: 'x.bin', __proto__x: 'y', a: 'x.bin' }))]).to.deep.equal([
      ['b', 'x.bin'],
      ['__proto__x', 'y'],
      ['a', 'x.bin'],
    ]);
  });

  it('refuses names that could be anything but a file beside it', () => {
    for (const name of [
      '../x',
      'a/b',
      'a\\b',
      '/x',
      'C:x',
      '..',
      '.',
      '',
      'a..b',
      '~',
      'x%2f',
      'x?y',
      'http://x',
      'x\0',
      'ä',
    ]) {
      const error = errorOf(() => parse(indexOf({ w: name })));
      expect(error).to.be.instanceOf(FormatError).with.property('code', 'UNSAFE_NAME');
      expect(error.message).to.equal(
        `index: weight_map "w": expected the plain name of a file beside the index, got ${JSON.stringify(name)}`,
      );
    }
    expect(errorOf(() => parse(indexOf({ w: { file: 'x', offset: 0 } }))).message).to.match(/got object$/);
  });

  it('refuses JSON that is not an index', () => {
    for (const [text, got] of [
      ['[]', 'a list'],
      ['{}', 'no weight_map'],
      ['{"weight_map":[]}', 'no weight_map'],
      ['{"weight_map":{}}', 'a weight_map of no tensors'],
    ])
      expect(errorOf(() => parse(utf8(text))).message).to.equal(
        `index: root: expected an object with a weight_map, got ${got}`,
      );
    expect(errorOf(() => parse(utf8('{"weight_map":{"a":"x","a":"y"}}'))).message).to.match(/got "a" again$/);
    expect(errorOf(() => parse(utf8('{"weight_map":{"a":"x"}} x'))).message).to.match(
      /the end of the text, got 'x'$/,
    );
  });

  it('refuses more tensors than maxTensors, and more than 10,000 files', () => {
    expect(parse(indexOf({ a: 'x', b: 'x' }), { maxTensors: 2 }).size).to.equal(2);
    expect(errorOf(() => parse(indexOf({ a: 'x', b: 'x' }), { maxTensors: 1 })).message).to.match(
      /expected at most 1 tensors, got more/,
    );
    const many = (count: number) =>
      indexOf(Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, `f${i}`])));
    expect(parse(many(10_000)).size).to.equal(10_000);
    expect(errorOf(() => parse(many(10_001))).message).to.equal(
      'index: weight_map: expected at most 10000 files, got more',
    );
  });
});
