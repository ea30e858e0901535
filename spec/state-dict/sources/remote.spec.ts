import type { ServerResponse } from 'node:http';
import { expect } from 'chai';
import { describeSource } from '../../../src/state-dict/describe.js';
import { parseStateDict } from '../../../src/state-dict/parse.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import type { ByteRange } from '../../../src/state-dict/reading/reading.js';
import { resolveLimits } from '../../../src/state-dict/rules/limits.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { writeSafetensors } from '../../../src/state-dict/write/safetensors.js';
import { npyDict, npyFile } from '../formats/numpy/support.js';
import { bytesOfParts, int, text } from '../formats/pickle/support.js';
import { ints, pickled, pickledDict, storagePart, tensorPart, torchZip } from '../formats/torch/support.js';
import { writeZip } from '../formats/zip/support.js';
import { bytesOf, expectSameBits, rejectionOf, safetensorsFile } from '../support.js';
import { type Asked, type FileServer, startFileServer } from './file-server.js';

/** Ranges nearer to each other than this become one request. */
const GAP = 1 << 16;
const MAX_REQUEST = 1 << 23;

const MODULES = 50;
const PER_MODULE = 4;

/** 200 tensors: those of a module lie together, or as far apart as they can. */
function tensorNames(areTogether: boolean): string[] {
  return Array.from({ length: MODULES * PER_MODULE }, (_, i) =>
    areTogether
      ? `m${Math.floor(i / PER_MODULE)}.w${i % PER_MODULE}`
      : `m${i % MODULES}.w${Math.floor(i / MODULES)}`,
  );
}

/** Elements of a tensor: 80 KiB, more than a gap. */
const COUNT = 20 * 1024;

function stateDictOf(names: readonly string[], count: number): StateDict {
  return new Map(
    names.map((name, i) => {
      const data = Float32Array.from({ length: count }, (_, j) => i + (j % 64) / 64);
      return [name, { dtype: 'F32', shape: [count], data }];
    }),
  );
}

function pickleOf(stateDict: StateDict, ...view: string[]): Uint8Array {
  const parts = [...stateDict].map(([name, { shape }], i) => {
    const storage = storagePart('FloatStorage', `${i}`, shape[0], ...view);
    return [name, [tensorPart(storage, 0, ints(shape[0]), ints(1))]] as const;
  });
  return pickledDict(Object.fromEntries(parts));
}

function torchFile(stateDict: StateDict): Uint8Array {
  const records = [...stateDict.values()].map((tensor, i) => [`data/${i}`, bytesOf(tensor)] as const);
  return torchZip(pickleOf(stateDict), { byteorder: 'little', ...Object.fromEntries(records) });
}

function legacyFile(stateDict: StateDict): Uint8Array {
  const magic = pickled('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19');
  const keys = pickled('](', ...[...stateDict.keys()].map((_, i) => text(`${i}`)), 'e');
  const storages = [...stateDict.values()].flatMap((tensor) => [
    new Uint8Array(BigInt64Array.of(BigInt(tensor.data.length)).buffer),
    bytesOf(tensor),
  ]);
  const machine = pickledDict({});
  return bytesOfParts(magic, pickled(int(1001)), machine, pickleOf(stateDict, 'N'), keys, ...storages);
}

function npzFile(stateDict: StateDict, deflate = false): Uint8Array {
  const entries = [...stateDict].map(([name, tensor]) => {
    const header = npyFile(npyDict('<f4', `(${tensor.shape[0]},)`).padEnd(118));
    const data = Uint8Array.from(Buffer.concat([header, bytesOf(tensor)]));
    return { name: `${name}.npy`, data, deflate };
  });
  return writeZip(entries).bytes;
}

/** safetensors, its tensors in the order given and not in that of their names. */
function inGivenOrder(stateDict: StateDict): Uint8Array {
  let end = 0;
  const entries = [...stateDict].map(([name, tensor]) => {
    const begin = end;
    end += bytesOf(tensor).length;
    return [name, { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] }];
  });
  const text = JSON.stringify(Object.fromEntries(entries));
  const header = text.padEnd(8 * Math.ceil(text.length / 8));
  return safetensorsFile(header, Buffer.concat([...stateDict.values()].map(bytesOf)));
}

const FORMATS: readonly [name: string, write: (stateDict: StateDict) => Uint8Array][] = [
  ['torch.save', torchFile],
  ['torch.save before 1.6', legacyFile],
  ['npz', npzFile],
  ['safetensors', inGivenOrder],
];

/** How many requests ranges take at least: joined over gaps, and cut. */
function fewestRequests(ranges: readonly ByteRange[]): number {
  const joined: { begin: number; end: number }[] = [];
  for (const { begin, end } of [...ranges].sort((a, b) => a.begin - b.begin)) {
    const last = joined.at(-1);
    if (last && begin - last.end <= GAP) last.end = Math.max(last.end, end);
    else joined.push({ begin, end });
  }
  return joined.reduce((sum, { begin, end }) => sum + Math.ceil((end - begin) / MAX_REQUEST), 0);
}

/** Where the elements of tensors are in a file. */
function placesOf(file: Uint8Array, tensors: StateDict): ByteRange[] {
  return [...tensors.values()].map((tensor) => {
    const begin = Buffer.from(file.buffer, file.byteOffset, file.length).indexOf(bytesOf(tensor));
    expect(begin).to.be.above(0);
    return { begin, end: begin + bytesOf(tensor).length };
  });
}

describe('a remote file', () => {
  let server: FileServer;
  before(async () => {
    server = await startFileServer();
  });
  beforeEach(() => server.reset());
  after(() => server.close());

  /** Serves a file, and returns its URL. */
  function url(file: Uint8Array): string {
    server.files.set('/model', file);
    return `${server.origin}/model`;
  }

  for (const [name, write] of FORMATS) {
    for (const areTogether of [true, false]) {
      const how = areTogether ? 'together' : 'far apart';
      it(`of ${name} costs at most four requests more than its selected tensors, which lie ${how}`, async () => {
        const stateDict = stateDictOf(tensorNames(areTogether), COUNT);
        const file = write(stateDict);
        for (const select of [['m7'], ['m0', 'm31', 'm49']]) {
          server.reset();
          const read = await readStateDict(url(file), { select });
          const expected = new Map([...stateDict].filter(([key]) => select.includes(key.split('.')[0])));
          expectSameBits(
            new Map([...read].sort(([a], [b]) => (a < b ? -1 : 1))),
            new Map([...expected].sort(([a], [b]) => (a < b ? -1 : 1))),
          );
          const fewest = fewestRequests(placesOf(file, expected));
          expect(fewest).to.be.above(areTogether ? 0 : 3);
          expect(server.asked.length).to.be.at.most(fewest + 4);
          expect(server.mostAtOnce).to.be.at.most(6);
        }
      });
    }
  }

  it('is described by a few requests, with nothing of its storages', async () => {
    const stateDict = stateDictOf(tensorNames(true), COUNT);
    for (const [name, write] of FORMATS) {
      if (name === 'npz') continue;
      server.reset();
      const { tensors } = await describeSource('spec', url(write(stateDict)), {
        limits: resolveLimits('spec'),
      });
      expect(tensors.size, name).to.equal(stateDict.size);
      expect(server.asked.length, name).to.be.at.most(4);
    }
  });

  it('has the arrays of a compressed npz inflated that are selected alone', async () => {
    const stateDict = stateDictOf(tensorNames(false), 500);
    const damaged = npzFile(stateDict, true);
    const at = Buffer.from(damaged).indexOf('m8.w0.npy') + 'm8.w0.npy'.length;
    damaged.fill(0, at, at + 40);
    const read = await readStateDict(url(damaged), { select: ['m7'] });
    expect([...read.keys()]).to.deep.equal(['m7.w0', 'm7.w1', 'm7.w2', 'm7.w3']);
    expect((await rejectionOf(readStateDict(url(damaged), { select: ['m8'] }))).message).to.include(
      'm8.w0.npy',
    );
  });

  /** One tensor of 56 MiB, which is seven requests. */
  const LONG = writeSafetensors(
    new Map([
      ['long.w', { dtype: 'F32', shape: [14 * 2 ** 20], data: new Float32Array(14 * 2 ** 20).fill(3) }],
    ]),
  );

  const isHead = ({ headers }: Asked) => headers.range === 'bytes=0-65535';

  /** Resolves, for each that waits, when so many have come to wait. */
  function barrier(count: number): () => Promise<void> {
    const waiting: (() => void)[] = [];
    return () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length >= count) for (const go of waiting) go();
      });
  }

  it('is read in pieces of at most 8 MiB, six at once, into one buffer', async () => {
    const sixThere = barrier(6);
    server.answer = async (asked) => {
      if (!isHead(asked)) await sixThere();
      return false;
    };
    expectSameBits(await readStateDict(url(LONG), { select: ['long'] }), parseStateDict(LONG));
    const sizes = server.asked.map(({ headers }) => {
      const [, begin, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? [];
      return Number(last) + 1 - Number(begin);
    });
    expect(Math.max(...sizes)).to.equal(MAX_REQUEST);
    expect(sizes).to.have.length(1 + 7);
    expect(server.mostAtOnce).to.equal(6);
  });

  for (const [how, fault, message] of [
    [
      'is refused',
      (response: ServerResponse) => response.writeHead(503).end(),
      /expected a status of success \(200 to 299\), got 503 Service Unavailable$/,
    ],
    [
      'breaks',
      (response: ServerResponse) => response.destroy(),
      /expected an answer, got TypeError: fetch failed \(.+\)$/,
    ],
  ] as const) {
    it(`of which one piece ${how} is no longer asked for the others, and the failure says why`, async () => {
      const sixThere = barrier(6);
      let pieces = 0;
      server.answer = async (asked, response) => {
        if (isHead(asked)) return false;
        const isThird = ++pieces === 3;
        await sixThere();
        // The others never come.
        if (isThird) fault(response);
        return true;
      };
      const error = await rejectionOf(readStateDict(url(LONG), { select: ['long'] }));
      expect(error.message).to.match(message);
      if (how === 'breaks') expect(error.cause).to.be.instanceOf(TypeError);
      await server.idle();
      expect([pieces, server.asked.length]).to.deep.equal([6, 7]);
    });
  }

  it('is let go of, all requests of it, when the signal aborts', async () => {
    const controller = new AbortController();
    const reason = new Error('no longer needed');
    let pieces = 0;
    server.answer = async (asked) => {
      if (isHead(asked)) return false;
      if (++pieces === 6) controller.abort(reason);
      return true;
    };
    const { signal } = controller;
    expect(await rejectionOf(readStateDict(url(LONG), { select: ['long'], signal }))).to.equal(reason);
    await server.idle();
    expect([pieces, server.cancelled]).to.deep.equal([6, 6]);
  });

  it('with an empty tensor first, last or alone is read', async () => {
    const empty = { dtype: 'F32', shape: [0], data: new Float32Array(0) } as const;
    const one = { dtype: 'F32', shape: [1], data: Float32Array.of(5) } as const;
    const cases: [string, TorchTensor][][] = [
      [['a', empty]],
      [
        ['a', empty],
        ['b', one],
      ],
      [
        ['b', one],
        ['c', empty],
      ],
    ];
    for (const stateDict of cases.map((entries): StateDict => new Map(entries))) {
      for (const [name, write] of FORMATS) {
        const file = write(stateDict);
        const select = [...stateDict.keys()];
        const read = await readStateDict(url(file), { select });
        expect([...read.keys()], name).to.deep.equal(select);
        expectSameBits(read, parseStateDict(file));
      }
    }
  });

  it('of a size that its server made up is held to a multiple of what has arrived', async () => {
    const array = npyFile(npyDict('<f4', `(${2 ** 27},)`).padEnd(118), 600_000);
    // Deflate makes at most 1032 bytes of one.
    for (let i = 128; i < array.length; i++) array[i] = (i * i) >> 8;
    const { bytes: zip, locals, centrals } = writeZip([{ name: 'a.w.npy', data: array, deflate: true }]);
    for (const at of [locals[0] + 22, centrals[0] + 24])
      new DataView(zip.buffer).setUint32(at, 128 + 2 ** 29, true);
    const size = 1e12;
    const fetch = async (_: string, init?: RequestInit) => {
      const range = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? [];
      const [begin, last] = range.slice(1).map(Number);
      const bytes = new Uint8Array(last + 1 - begin);
      if (begin === 0) bytes.set(zip.subarray(0, 4));
      // All else are zeros up to the archive, at the end.
      for (let i = Math.max(begin, size - zip.length); i <= last; i++)
        bytes[i - begin] = zip[i - (size - zip.length)];
      const headers = { 'Content-Range': `bytes ${begin}-${last}/${size}` };
      return new Response(bytes, { status: 206, headers });
    };
    const read = readStateDict('https://example.org/m', { select: ['a'], fetch });
    expect((await rejectionOf(read)).message).to.equal(
      'readStateDict: URL "https://example.org/m": tensors: expected at most 268435456 bytes that are not views ' +
        'of the file (limits.maxExpansion), got 536871040. Raise limits.maxExpansion to read them',
    );
  });
});
