import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { FormatError, toStateDict } from '../../src/index.js';
import { loadKerasModel } from '../../src/keras/index.js';
import { type FileServer, startFileServer } from '../state-dict/sources/file-server.js';
import { rejectionOf } from '../state-dict/support.js';
import { disposeModel, handlerOf, kerasFixture } from './fixtures.js';

const { model: MODEL, weights: WEIGHTS } = kerasFixture('3', 'tagger');
const SECRET = { 'x-key': 'secret' };

const [GROUP] = MODEL.weightsManifest;

/** Models in another form, or with other files, and what is said of them. */
const BROKEN: readonly [json: unknown, text: (source: string) => string][] = [
  ...[null, 7, 'model', []].map((json): [unknown, (source: string) => string] => [
    json,
    (source) => `${source}: expected the JSON of tensorflowjs_converter, got ${JSON.stringify(json)}`,
  ]),
  ...[
    '../w.bin',
    '/etc/passwd',
    'a/b',
    '..',
    '.',
    '',
    '..\\w.bin',
    '%2e%2e/w.bin',
    '%2e%2e',
    'w.bin?a',
    'C:w',
    '.\t.',
    7,
  ].map((path): [unknown, () => string] => [
    { ...MODEL, weightsManifest: [{ ...GROUP, paths: [path] }] },
    () => `weightsManifest: expected names of files beside the model.json, got ${JSON.stringify(path)}`,
  ]),
  ...[{}, 'abc'].map((manifest): [unknown, () => string] => [
    { ...MODEL, weightsManifest: manifest },
    () => `weightsManifest: expected a list, got ${typeof manifest === 'string' ? '"abc"' : 'Object'}`,
  ]),
  ...[null, { ...GROUP, paths: null }, { ...GROUP, weights: null }, { ...GROUP, paths: 'w' }].map(
    (group): [unknown, () => string] => [
      { ...MODEL, weightsManifest: [group] },
      () =>
        `weightsManifest[0]: expected an object with lists of paths and weights, got ${group ? 'Object' : null}`,
    ],
  ),
  [
    { ...MODEL, weightsManifest: [{ ...GROUP, paths: ['w.bin', './w.bin'] }] },
    () => 'weightsManifest: expected each file once, got "w.bin" twice',
  ],
  [
    { ...MODEL, weightsManifest: [{ ...GROUP, paths: Array.from({ length: 10_001 }, (_, i) => `${i}`) }] },
    () => 'weightsManifest: expected 10000 files at most, got 10001',
  ],
  [
    { ...MODEL, weightsManifest: [{ ...GROUP, weights: [null] }] },
    () => 'weightsManifest: expected entries with name, shape and dtype, got null',
  ],
  [
    { ...MODEL, modelTopology: 7 },
    () =>
      "modelTopology: expected a Keras model's configuration, got 7. Is it a model.json of tensorflowjs_converter?",
  ],
];

describe('loadKerasModel', () => {
  it('fetches a URL, with the options of tf.loadLayersModel', async () => {
    const { model: modelJson, weights } = kerasFixture('3', 'tagger');
    const requests: string[] = [];
    const server = createServer({ keepAliveTimeout: 0 }, ({ url, headers }, response) => {
      requests.push(`${url} ${headers['x-key'] ?? ''}`.trim());
      response.setHeader(
        'content-type',
        url?.endsWith('.json') ? 'application/json' : 'application/octet-stream',
      );
      response.end(url?.endsWith('.json') ? JSON.stringify(modelJson) : Buffer.from(weights));
    }).listen(0);
    await once(server, 'listening');
    const fractions: number[] = [];
    try {
      const model = await loadKerasModel(
        `http://localhost:${(server.address() as AddressInfo).port}/m/model.json`,
        {
          requestInit: { headers: { 'x-key': '7' } },
          onProgress: (fraction) => fractions.push(fraction),
        },
      );
      expect(model.getLayer('bi').weights).to.have.length(8);
      expect(requests).to.deep.equal(['/m/model.json 7', '/m/group1-shard1of1.bin 7']);
      expect(fractions.at(-1)).to.equal(1);
      disposeModel(model);
    } finally {
      server.close();
    }
  });

  describe('from a server', () => {
    let home: FileServer;
    let elsewhere: FileServer;
    before(async () => {
      home = await startFileServer();
      elsewhere = await startFileServer();
    });
    beforeEach(() => {
      for (const server of [home, elsewhere]) {
        server.reset();
        server.files.clear();
        server.files.set('/m/model.json', Buffer.from(JSON.stringify(MODEL)));
        server.files.set('/m/group1-shard1of1.bin', new Uint8Array(WEIGHTS));
      }
    });
    after(() => Promise.all([home.close(), elsewhere.close()]));

    const url = () => `${home.origin}/m/model.json`;
    const load = async (requestInit: RequestInit = {}) =>
      disposeModel(await loadKerasModel(url(), { requestInit: { ...requestInit, headers: SECRET } }));
    const refusal = async () => (await rejectionOf(loadKerasModel(url()))).message;

    it('names the URL and the status of a shard or a model that is missing', async () => {
      home.files.delete('/m/group1-shard1of1.bin');
      const status = 'expected a status of success (200 to 299), got 404 Not Found';
      expect(await refusal()).to.equal(
        `loadKerasModel: URL "${home.origin}/m/group1-shard1of1.bin": ${status}`,
      );
      home.files.delete('/m/model.json');
      expect(await refusal()).to.equal(`loadKerasModel: URL "${url()}": ${status}`);
    });

    it('names a URL that answers with a page, and takes weights under a wrong type', async () => {
      const answer = (body: string | Uint8Array) => {
        home.answer = ({ path }, response) => {
          if (path !== '/m/group1-shard1of1.bin') return false;
          response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' }).end(body);
          return true;
        };
      };
      answer('\n<!DOCTYPE html><title>App</title>');
      expect(await refusal()).to.equal(
        `loadKerasModel: URL "${home.origin}/m/group1-shard1of1.bin": expected weights, got an HTML page. ` +
          'Is the path of the weights right? Open it in a browser to see',
      );
      answer(new Uint8Array(WEIGHTS));
      await load();
    });

    it('names a URL that answers with a part, which nobody asked for', async () => {
      const range = `bytes 0-7/${WEIGHTS.byteLength}`;
      home.answer = ({ path }, response) => {
        if (path !== '/m/group1-shard1of1.bin') return false;
        response.writeHead(206, { 'Content-Range': range }).end(new Uint8Array(WEIGHTS, 0, 8));
        return true;
      };
      expect(await refusal()).to.equal(
        `loadKerasModel: URL "${home.origin}/m/group1-shard1of1.bin": expected the whole file, got the part "${range}"`,
      );
    });

    it('shows no secrets of a URL, and takes user and password as headers', async () => {
      const secret = url().replace('//', '//user:hunter2@');
      const error = await rejectionOf(loadKerasModel(secret));
      expect(error.message).to.equal(
        `loadKerasModel: URL "${url()}": expected a URL without user and password, got one with them. ` +
          'Pass them in requestInit.headers: Authorization, "Basic " and the base64 of user:password',
      );
      home.files.delete('/m/model.json');
      expect((await rejectionOf(loadKerasModel(`${url()}?token=hf_abc`))).message).to.include(
        `URL "${url()}?token=...": expected a status`,
      );
    });

    it('asks for nothing that a manifest names outside the folder, and for no manifest of another form', async () => {
      for (const [json, text] of BROKEN) {
        home.reset();
        home.files.set('/m/model.json', Buffer.from(JSON.stringify(json)));
        const error = await rejectionOf(loadKerasModel(url(), { requestInit: { headers: SECRET } }));
        expect(error.message).to.equal(`loadKerasModel: ${text(`URL "${url()}"`)}`);
        expect(error).to.be.instanceOf(FormatError);
        expect(home.asked.map(({ path }) => path)).to.deep.equal(['/m/model.json']);
      }
    });

    it('tells a connection that is cut, of a model and of weights', async () => {
      for (const [path, bytes] of [...home.files]) {
        home.answer = (asked, response) => {
          if (asked.path !== path) return false;
          response.writeHead(200, { 'Content-Length': bytes.length });
          response.write(bytes.subarray(0, 10), () => response.destroy());
          return true;
        };
        expect(await refusal()).to.match(
          /^loadKerasModel: URL ".*": expected the whole body, got TypeError: terminated/,
        );
      }
    });

    it('names a URL that does not answer', async () => {
      const error = await rejectionOf(loadKerasModel('http://127.0.0.1:1/model.json'));
      expect(error.message).to.match(
        /^loadKerasModel: URL "http:\/\/127\.0\.0\.1:1\/model\.json": expected an answer, got TypeError: /,
      );
    });

    it('does not send headers to another origin', async () => {
      home.answer = ({ path }, response) => {
        response.writeHead(302, { Location: `${elsewhere.origin}${path}` }).end();
        return true;
      };
      await load();
      await load({ redirect: 'follow' });
      expect(home.asked.map(({ headers }) => headers['x-key'])).to.deep.equal(new Array(4).fill('secret'));
      expect(elsewhere.asked.map(({ headers }) => headers['x-key'])).to.deep.equal(
        new Array(4).fill(undefined),
      );
    });
  });

  describe('from a path in Node', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'keras-'));
      writeFileSync(join(folder, 'model.json'), JSON.stringify(MODEL));
      writeFileSync(join(folder, 'group1-shard1of1.bin'), new Uint8Array(WEIGHTS));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    it('reads the files, with and without a scheme, and from another folder of weights', async () => {
      const path = join(folder, 'model.json');
      for (const source of [path, relative('.', path), pathToFileURL(path).href]) {
        const model = await loadKerasModel(source);
        expect(model.getLayer('bi').weights).to.have.length(8);
        disposeModel(model);
      }
      mkdirSync(join(folder, 'weights'));
      renameSync(join(folder, 'group1-shard1of1.bin'), join(folder, 'weights/group1-shard1of1.bin'));
      disposeModel(await loadKerasModel(path, { weightPathPrefix: `${folder}/weights/` }));
    });

    const refusal = async (model?: unknown) => {
      const path = join(folder, 'model.json');
      if (model !== undefined) writeFileSync(path, JSON.stringify(model));
      return (await rejectionOf(loadKerasModel(path))).message.replaceAll(folder, '');
    };

    it('names a file that is missing, and JSON of something else', async () => {
      rmSync(join(folder, 'group1-shard1of1.bin'));
      expect(await refusal()).to.equal(
        'loadKerasModel: path "/group1-shard1of1.bin": expected a readable file, got no such file',
      );
      expect(await refusal([])).to.equal(
        'loadKerasModel: path "/model.json": expected the JSON of tensorflowjs_converter, got []',
      );
      rmSync(join(folder, 'model.json'));
      expect(await refusal()).to.include('"/model.json": expected a readable file, got no such file');
    });

    it('reads nothing that a manifest names outside the folder, and no manifest of another form', async () => {
      for (const [json, text] of BROKEN)
        expect(await refusal(json)).to.equal(`loadKerasModel: ${text('path "/model.json"')}`);
    });

    it('follows no link out of the folder', async () => {
      mkdirSync(join(folder, 'model'));
      renameSync(join(folder, 'model.json'), join(folder, 'model/model.json'));
      symlinkSync('../group1-shard1of1.bin', join(folder, 'model/group1-shard1of1.bin'));
      const source = join(folder, 'model/model.json');
      for (const path of [source, pathToFileURL(source).href]) {
        const error = await rejectionOf(loadKerasModel(path));
        expect(error.message.replaceAll(folder, '').replaceAll('file://', '')).to.equal(
          'loadKerasModel: path "/model/group1-shard1of1.bin": expected files in the folder of the model.json, ' +
            'got a link to "/group1-shard1of1.bin". Copy the file there',
        );
      }
      // As in the cache of a model hub, where both lead to one folder.
      renameSync(source, join(folder, 'blob'));
      symlinkSync('../blob', source);
      disposeModel(await loadKerasModel(source));
      rmSync(join(folder, 'model/group1-shard1of1.bin'));
      renameSync(join(folder, 'group1-shard1of1.bin'), join(folder, 'model/group1-shard1of1.bin'));
      disposeModel(await loadKerasModel(source));
    });

    it('reads no more files than the declared weights have bytes for', async () => {
      const names = Array.from({ length: 20 }, (_, i) => `w${i}.bin`);
      for (const name of names) writeFileSync(join(folder, name), new Uint8Array(WEIGHTS));
      rmSync(join(folder, 'w2.bin'));
      const weightsManifest = [{ ...MODEL.weightsManifest[0], paths: names }];
      expect(await refusal({ ...MODEL, weightsManifest })).to.equal(
        `loadKerasModel: weightData: expected ${WEIGHTS.byteLength} bytes for the weights, got more`,
      );
    });

    it('reads names as tfjs writes them, and says of a folder what to name', async () => {
      const weightsManifest = [{ ...MODEL.weightsManifest[0], paths: ['./my model.bin'] }];
      writeFileSync(join(folder, 'model.json'), JSON.stringify({ ...MODEL, weightsManifest }));
      renameSync(join(folder, 'group1-shard1of1.bin'), join(folder, 'my model.bin'));
      const path = join(folder, 'model.json');
      for (const source of [path, pathToFileURL(path).href]) disposeModel(await loadKerasModel(source));
      expect((await rejectionOf(loadKerasModel(folder))).message).to.equal(
        `loadKerasModel: path "${folder}": expected a file, got a directory. Name the model.json in it`,
      );
    });
  });

  it('gives layers whose weights go to PyTorch as those of this package do', async () => {
    const model = await loadKerasModel(handlerOf(kerasFixture('2', 'tagger')));
    const stateDict = await toStateDict(model);
    expect([...stateDict.keys()]).to.deep.equal([
      'embed.weight',
      ...['', '_reverse'].flatMap((suffix) =>
        ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `bi.${name}_l0${suffix}`),
      ),
      ...['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => `top.${name}_l0`),
      'tags.weight',
      'tags.bias',
    ]);
    disposeModel(model);
  });
});
