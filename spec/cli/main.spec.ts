import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { parseSafetensorsMetadata } from '../../src/state-dict/formats/safetensors/safetensors.js';
import { readStateDict } from '../../src/state-dict/read.js';
import type { StateDict } from '../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../src/state-dict/write/safetensors.js';
import { expectSameBits, fixture, fixturePath, parseSafetensors } from '../state-dict/support.js';
import { cliFixture, tell } from './support.js';

const CLASSIFIER = cliFixture('classifier.safetensors');
const LAYERS = cliFixture('layers.safetensors');

describe('tfjs-torch-rnn', () => {
  let folder: string;
  const inFolder = (name: string) => join(folder, name);
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cli-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  describe('help', () => {
    it('is an overview without a command, and the text of a command with one', async () => {
      for (const words of [[], ['help'], ['--help'], ['-h']]) {
        const { code, out } = await tell(...words);
        expect(code).to.equal(0);
        for (const name of [
          'inspect',
          'convert',
          'verify',
          'export-script',
          'doctor',
          'Examples',
          'Exit codes',
        ])
          expect(out).to.include(name);
      }
      for (const name of ['inspect', 'convert', 'verify', 'export-script', 'doctor']) {
        const { code, out } = await tell('help', name);
        expect(code).to.equal(0);
        expect(out)
          .to.match(/^tfjs-torch-rnn /)
          .and.include('Example');
        expect((await tell(name, '--help')).out).to.equal(out);
      }
    });

    it('names every option that a command takes', async () => {
      const { out } = await tell('help', 'convert');
      for (const option of ['dtype', 'select', 'strip', 'path', 'to', 'force', 'json', 'help', 'debug'])
        expect(out).to.include(`--${option}`);
    });

    it('prints the version of the package', async () => {
      const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
      expect(await tell('--version')).to.deep.equal({ code: 0, out: version, err: '' });
    });
  });

  describe('wrong usage', () => {
    it('ends with 2, says what was meant and where to read more, and no stack', async () => {
      expect(await tell('inspct', 'x')).to.deep.equal({
        code: 2,
        out: '',
        err:
          'tfjs-torch-rnn: There is no command inspct. Did you mean inspect?\n' +
          'Run "tfjs-torch-rnn help" for all it takes.',
      });
      expect((await tell('convert', 'a', 'b', '--forec')).err).to.equal(
        'tfjs-torch-rnn: convert: There is no option --forec. Did you mean --force?\n' +
          'Run "tfjs-torch-rnn help convert" for all it takes.',
      );
      for (const words of [['--hlep'], ['help', 'train'], ['inspect'], ['verify', LAYERS], ['convert', 'a']])
        expect((await tell(...words)).code, words.join()).to.equal(2);
      expect((await tell('--versoin')).err).to.include('Did you mean --version?');
    });
  });

  describe('inspect', () => {
    it('prints tensors, totals, metadata, modules and code', async () => {
      const { code, out } = await tell('inspect', CLASSIFIER);
      expect(code).to.equal(0);
      expect(out).to.include('safetensors, 19 tensors, 630 elements, 2.5 KiB');
      expect(out).to.include('metadata: format = pt');
      expect(out).to.match(/^fc\.weight +F32 +\[5, 8\] +160$/m);
      expect(out).to.include('gru: GRU(3, 4, num_layers=2, bidirectional=True), keys gru.*');
      expect(out).to.include('embedding: Embedding(11, 3)');
      expect(out).to.include('TypeScript that rebuilds it');
      expect(await tell('inspect', CLASSIFIER, '--code')).to.include({
        code: 0,
        out: out.slice(out.indexOf('import * as tf')),
      });
    });

    it('takes --debug before the command too', async () => {
      expect((await tell('--debug', 'inspect', LAYERS)).code).to.equal(0);
      expect((await tell('--debug')).code).to.equal(0);
    });

    it('gives the same as JSON', async () => {
      const { out } = await tell('inspect', CLASSIFIER, '--json');
      const report = JSON.parse(out);
      expect(report).to.include({ format: 'safetensors', files: 1, elements: 630, bytes: 2520 });
      expect(report.metadata).to.deep.equal([{ key: 'format', value: 'pt' }]);
      expect(report.tensors).to.have.length(19);
      expect(report.modules.map((module: { kind: string }) => module.kind)).to.have.members([
        'embedding',
        'linear',
        'recurrent',
      ]);
      expect(report.code).to.include('tf.sequential');
    });

    it('prints code for what can be read, and none where nothing can', async () => {
      const file = inFolder('settings.json');
      writeFileSync(file, '{"fc.weight": [[1, 2]], "gru.extra": "text", "gru": {"w": [1]}, "note": "text"}');
      const { out } = await tell('inspect', file, '--code');
      expect(out).to.include("select: ['fc', 'gru.w']");
      const settings = inFolder('package.json');
      writeFileSync(settings, '{"name": "a", "files": ["x"]}');
      const told = await tell('inspect', settings);
      expect(told.out)
        .to.include('json, 0 tensors')
        .and.include('// No tensor of the file can be read.')
        .and.include('warning: no tensor is in it.');
      writeFileSync(settings, '{"name": "a", "private": true}');
      expect((await tell('inspect', settings)).out).to.include('which are settings rather than weights.');
    });

    it('takes a part of a checkpoint', async () => {
      const file = inFolder('checkpoint.json');
      writeFileSync(file, '{"epoch": 3, "ema": {"a": {"w": [[1, 2]]}, "b": {"w": [1]}}, "net": {"w": [1]}}');
      const several = await tell('inspect', file);
      expect(several.code).to.equal(1);
      expect(several.err).to.include(
        'got several: ["ema"], ["net"]. Pass one of them as --path, or [] for all with longer names',
      );
      for (const path of ['ema', '["ema"]']) {
        const { out } = await tell('inspect', file, '--path', path, '--select', 'a');
        expect(out).to.include('json, 1 tensor, 2 elements').and.include('dict: ema');
        expect(out).to.include("path: ['ema'], select: ['a']");
      }
    });

    it('says what to type for the dicts that it left out', async () => {
      const file = inFolder('checkpoint.json');
      for (const [key, typed] of [
        ['scaler', 'scaler'],
        ['scaler of x', `'["scaler of x"]'`],
      ]) {
        writeFileSync(file, JSON.stringify({ encoder: { w: [[1, 2]] }, [key]: { mean: [[1, 2, 3]] } }));
        const told = `${typed} reads the dict, --path '[]' reads all, with longer names.`;
        const out = inFolder('out.safetensors');
        expect((await tell('inspect', file)).out).to.include(`--path ${told}`);
        expect((await tell('convert', file, out, '--force')).err).to.include(`--path ${told}`);
        expect((await tell('inspect', file, '--path', JSON.stringify([key]))).out).to.include(
          '1 tensor, 3 elements',
        );
        expect((await tell('inspect', file, '--path', '[]')).out).to.include('encoder.w');
      }
    });

    it('escapes characters of a file that the terminal would obey', async () => {
      const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u202e\r\n';
      const tensor = { dtype: 'F32', shape: [1], data: Float32Array.of(1) } as const;
      const file = inFolder('evil.safetensors');
      writeFileSync(file, writeSafetensors(new Map([[`${evil}.weight`, tensor]]), { [evil]: evil }));
      const outputs = [
        await tell('inspect', file),
        await tell('inspect', file, '--json'),
        await tell('inspect', file, '--select', `${evil}x`),
        await tell('verify', file, '--input', 'x', '--expected', 'y'),
        await tell('convert', file, inFolder('out.safetensors'), '--strip', evil.slice(0, 3)),
      ];
      for (const { out, err } of outputs) {
        const text = `${out}${err}`.replace(/[\n\t]/g, '');
        expect(text).not.to.match(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(text).to.not.equal('');
      }
    });

    it('says what to do about files that cannot be read, in two lines at most', async () => {
      writeFileSync(inFolder('model.pt'), 'not a checkpoint');
      writeFileSync(inFolder('cut.safetensors'), readFileSync(CLASSIFIER).subarray(0, 200));
      for (const [file, words] of [
        ['none.safetensors', 'got no such file'],
        ['model.pt', 'got bytes 6e 6f 74 20'],
        ['cut.safetensors', 'safetensors: '],
        ['', 'directory'],
      ] as const) {
        const { code, out, err } = await tell('inspect', inFolder(file));
        expect({ code, out }, file).to.deep.equal({ code: 1, out: '' });
        expect(err)
          .to.match(/^tfjs-torch-rnn: inspect: path "/)
          .and.include(words);
        expect(err.split('\n').length).to.be.at.most(2);
      }
      expect((await tell('inspect', inFolder('none'), '--debug')).err).to.match(/\n {4}at /);
    });

    describe('over HTTP', () => {
      let server: Server;
      let origin: string;
      const asked: (string | undefined)[] = [];
      before(async () => {
        const file = readFileSync(fixturePath('reference/module.safetensors'));
        server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
          asked.push(request.headers.range);
          const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
          if (request.url !== '/model.safetensors' || !range) return void response.writeHead(404).end();
          const [begin, last] = [Number(range[1]), Math.min(Number(range[2]), file.length - 1)];
          response.writeHead(206, { 'Content-Range': `bytes ${begin}-${last}/${file.length}` });
          response.end(file.subarray(begin, last + 1));
        });
        await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
        origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      });
      after(() => server.close());

      it('asks for the head of the file alone', async () => {
        const { code, out } = await tell('inspect', `${origin}/model.safetensors`);
        expect(code).to.equal(0);
        expect(out).to.include('(root): GRU(3, 5, num_layers=2)');
        expect(asked).to.have.length(1);
      });

      it('names the URL and the status of an answer', async () => {
        const { code, err } = await tell('inspect', `${origin}/other`);
        expect(code).to.equal(1);
        expect(err).to.equal(
          `tfjs-torch-rnn: inspect: URL "${origin}/other": expected a status of success (200 to 299), got 404 Not Found`,
        );
      });
    });
  });

  describe('convert', () => {
    const tensorsIn = (name: string): StateDict =>
      parseSafetensors(new Uint8Array(readFileSync(inFolder(name))));

    it('keeps tensors and metadata bit for bit, to JSON and back', async () => {
      const source = fileURLToPath(fixturePath('reference/every_dtype.safetensors'));
      const original = fixture('reference/every_dtype.safetensors');
      expect((await tell('convert', source, inFolder('a.json'))).code).to.equal(0);
      expect((await tell('convert', inFolder('a.json'), inFolder('b.safetensors'))).code).to.equal(0);
      expect(new Uint8Array(readFileSync(inFolder('b.safetensors')))).to.deep.equal(original);
      await tell('convert', CLASSIFIER, inFolder('c.bin'), '--to', 'safetensors');
      expect([...parseSafetensorsMetadata(readFileSync(inFolder('c.bin')))]).to.deep.equal([
        ['format', 'pt'],
      ]);
      expect((await tell('convert', CLASSIFIER, inFolder('c.json'))).err).to.match(/^warning: .*metadata/);
      expect(readdirSync(folder).sort()).to.deep.equal(['a.json', 'b.safetensors', 'c.bin', 'c.json']);
    });

    it('rounds floats, keeps other dtypes, and counts what became infinite', async () => {
      const file: StateDict = new Map([
        ['n', { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 60n) }],
        ['w', { dtype: 'F32', shape: [4], data: Float32Array.of(1 / 3, 1e5, -1e6, Infinity) }],
      ]);
      writeFileSync(inFolder('in.safetensors'), writeSafetensors(file));
      const { code, err, out } = await tell(
        'convert',
        inFolder('in.safetensors'),
        inFolder('out.safetensors'),
        '--dtype',
        'f16',
      );
      expect(code).to.equal(0);
      expect(err).to.equal(
        'warning: 2 finite elements became infinite, beyond the range of the dtype: "w" (2).',
      );
      expect(out).to.match(/out\.safetensors: 2 tensors, .* read back and compared bit for bit$/);
      expectSameBits(
        tensorsIn('out.safetensors'),
        new Map([
          ['n', { dtype: 'I64', shape: [1], data: BigInt64Array.of(2n ** 60n) }],
          ['w', { dtype: 'F16', shape: [4], data: Uint16Array.of(0x3555, 0x7c00, 0xfc00, 0x7c00) }],
        ]),
      );
    });

    it('takes a part, under shorter names', async () => {
      const out = inFolder('gru.safetensors');
      await tell('convert', LAYERS, out, '--select', 'gru', '--select', 'cell', '--strip', 'gru');
      const names = [...tensorsIn('gru.safetensors').keys()];
      expect(names).to.include.members(['weight_ih_l0', 'cell.weight_ih']);
      expect(names.some((name) => name.startsWith('gru.') || name.startsWith('lstm'))).to.equal(false);
    });

    it('says what it did as JSON', async () => {
      const { out } = await tell('convert', LAYERS, inFolder('a.safetensors'), '--json', '--dtype', 'bf16');
      expect(JSON.parse(out)).to.deep.include({
        format: 'safetensors',
        tensors: 29,
        overflows: [],
        warnings: [],
      });
    });

    it('replaces nothing without --force, and its input never', async () => {
      const out = inFolder('out.safetensors');
      writeFileSync(out, 'old');
      const refused = await tell('convert', LAYERS, out);
      expect(refused.code).to.equal(1);
      expect(refused.err).to.include('Pass --force to replace it');
      expect(readFileSync(out, 'utf8')).to.equal('old');
      expect((await tell('convert', LAYERS, out, '--force')).code).to.equal(0);
      symlinkSync(out, inFolder('link.safetensors'));
      for (const [from, to] of [
        [out, out],
        [inFolder('link.safetensors'), out],
        [out, inFolder('link.safetensors')],
      ] as const) {
        const { code, err } = await tell('convert', from, to, '--force');
        expect(code).to.equal(1);
        expect(err).to.include('expected another file than IN, got the same');
      }
    });

    it('warns of floats that are not rounded', async () => {
      const source = fileURLToPath(fixturePath('reference/every_dtype.safetensors'));
      const { code, err } = await tell('convert', source, inFolder('f32.safetensors'), '--dtype', 'f32');
      expect(code).to.equal(0);
      expect(err).to.match(
        /warning: Left as they are, since --dtype rounds neither complex .*: .*\((C64|F8_\w+|F4)\)/,
      );
      expect(err).not.to.match(/\((I64|BOOL|U8|F64)\)/);
    });

    it('replaces no file of the model that it reads', async () => {
      const [model, shard] = [inFolder('model'), inFolder('model/a.safetensors')];
      mkdirSync(model);
      copyFileSync(LAYERS, shard);
      const names = [...(await readStateDict(shard)).keys()];
      const index = join(model, 'model.safetensors.index.json');
      writeFileSync(
        index,
        JSON.stringify({ weight_map: Object.fromEntries(names.map((name) => [name, 'a.safetensors'])) }),
      );
      const link = inFolder('link.safetensors');
      symlinkSync(shard, link);
      for (const [from, to] of [
        [model, shard],
        [index, shard],
        [model, link],
        [pathToFileURL(model).href, shard],
      ] as const) {
        const { code, err } = await tell('convert', from, to, '--force');
        expect(code).to.equal(1);
        expect(err).to.include('expected another file than IN, got one of its folder');
      }
      expect((await tell('convert', model, join(model, 'all.safetensors'))).code).to.equal(0);
    });

    it('replaces no file that links in the folder of its model lead to', async () => {
      const [blobs, model] = [inFolder('blobs'), inFolder('snapshot')];
      for (const made of [blobs, model]) mkdirSync(made);
      copyFileSync(LAYERS, join(blobs, 'abc'));
      symlinkSync('../blobs/abc', join(model, 'a.safetensors'));
      writeFileSync(
        join(blobs, 'def'),
        JSON.stringify({ weight_map: { 'gru.weight_ih_l0': 'a.safetensors' } }),
      );
      const index = join(model, 'model.safetensors.index.json');
      symlinkSync('../blobs/def', index);
      for (const from of [model, index]) {
        for (const to of [join(blobs, 'abc'), join(model, 'a.safetensors')]) {
          const { code, err } = await tell('convert', from, to, '--to', 'safetensors', '--force');
          expect(code).to.equal(1);
          expect(err).to.include('expected another file than IN, got one of its folder');
        }
      }
    });

    it('takes a part of a file of save_model, without the ties of the rest', async () => {
      const tied: StateDict = new Map([['a.w', { dtype: 'F32', shape: [1], data: Float32Array.of(5) }]]);
      const source = inFolder('tied.safetensors');
      writeFileSync(source, writeSafetensors(tied, { format: 'pt', 'b.w': 'a.w' }));
      for (const [module, names] of [
        ['a', ['a.w']],
        ['b', ['b.w']],
      ] as const) {
        const to = `${module}.safetensors`;
        const { code, err } = await tell('convert', source, inFolder(to), '--select', module);
        expect(code, err).to.equal(0);
        expect([...tensorsIn(to).keys()]).to.deep.equal(names);
        expect(readFileSync(inFolder(to), 'latin1')).to.include('{"__metadata__":{"format":"pt"');
      }
    });

    it('says what went wrong as JSON too, where that is asked for', async () => {
      const { code, out, err } = await tell('inspect', inFolder('none'), '--json');
      expect(code).to.equal(1);
      expect(err).to.include('no such file');
      expect(JSON.parse(out).error.message).to.include('no such file');
      writeFileSync(inFolder('cut.safetensors'), readFileSync(LAYERS).subarray(0, 100));
      const cut = await tell('inspect', inFolder('cut.safetensors'), '--json');
      expect(JSON.parse(cut.out).error).to.include({ name: 'FormatError', code: 'TRUNCATED' });
      expect((await tell('inspect', LAYERS, '--json', '--code')).code).to.equal(2);
    });

    it('says what is wrong with OUT before it reads IN', async () => {
      for (const [out, code, words] of [
        [join(folder, 'none', 'a.json'), 1, 'Make it first: mkdir -p'],
        [folder, 2, 'OUT ends in .safetensors or .json'],
        [
          'https://u:p@example.org/a.json',
          2,
          'OUT is a path of this machine: got "https://example.org/a.json"',
        ],
        ['https://example.org/a.json?t=hf', 2, 'what it is: got "https://example.org/a.json?t=..."'],
      ] as const) {
        const told = await tell('convert', inFolder('no-such-input'), out);
        expect(told.code, told.err).to.equal(code);
        expect(told.err).to.include(words);
      }
      expect((await tell('convert', LAYERS, folder, '--to', 'json')).err).to.include('got a directory');
      expect((await tell('convert', LAYERS, inFolder('a.json'), '--dtype', 'fp16')).err).to.include(
        '--dtype is one of f32, f16, bf16, not fp16. Did you mean f16?',
      );
    });
  });
});
