import { deflateRawSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { inflateAsync, inflateStream, inflateSync } from '../../../src/state-dict/reading/inflate.js';
import type { InflateRequest } from '../../../src/state-dict/reading/reading.js';
import type { FormatCode } from '../../../src/state-dict/rules/format-codes.js';
import { noise } from '../formats/zip/support.js';
import { errorOf, rejectionOf, utf8 } from '../support.js';

const TEXT = utf8('weights '.repeat(1000));
const NOISE = noise(200_000);

function request(bytes: Uint8Array, more: Partial<InflateRequest> = {}): InflateRequest {
  return { kind: 'inflate', wrapper: 'zip', bytes, maxBytes: 1e6, what: 'entry "w"', ...more };
}

function deflated(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(deflateRawSync(bytes));
}

const ANSWERERS: readonly (readonly [string, (request: InflateRequest) => Promise<Uint8Array>])[] = [
  ['inflateSync', async (asked) => inflateSync(asked)],
  ['inflateAsync', inflateAsync],
  ['inflateStream', inflateStream],
];

for (const [name, inflate] of ANSWERERS) {
  describe(name, () => {
    const fault = async (asked: InflateRequest, code: FormatCode): Promise<string> => {
      const error = await rejectionOf(inflate(asked));
      expect(error.code).to.equal(code);
      return error.message;
    };

    it('inflates raw and gzip bytes, up to just maxBytes', async () => {
      for (const bytes of [TEXT, NOISE, new Uint8Array(0), new Uint8Array(1)]) {
        const maxBytes = bytes.length;
        expect(await inflate(request(deflated(bytes), { maxBytes }))).to.deep.equal(bytes);
        const gzip = new Uint8Array(gzipSync(bytes));
        expect(await inflate(request(gzip, { maxBytes, wrapper: 'gzip' }))).to.deep.equal(bytes);
      }
    });

    it('answers with memory of its own', async () => {
      const bytes = await inflate(request(deflated(utf8('ab'))));
      expect([bytes.byteOffset, bytes.buffer.byteLength]).to.deep.equal([0, 2]);
      expect(Object.getPrototypeOf(bytes)).to.equal(Uint8Array.prototype);
    });

    it('refuses more than maxBytes', async () => {
      for (const bytes of [TEXT, NOISE, utf8('a')]) {
        const asked = request(deflated(bytes), { maxBytes: bytes.length - 1 });
        expect(await fault(asked, 'DAMAGED')).to.equal(
          `zip: entry "w": expected at most ${bytes.length - 1} bytes when inflated, got more`,
        );
        const zipped = request(new Uint8Array(gzipSync(bytes)), {
          maxBytes: bytes.length - 1,
          remedy: 'Read less of it',
          wrapper: 'gzip',
        });
        expect(await fault(zipped, 'TOO_LARGE')).to.equal(
          `gzip: entry "w": expected at most ${bytes.length - 1} bytes when inflated, got more. ` +
            'Read less of it',
        );
      }
    });

    it('refuses bytes that are cut short, corrupt or none', async () => {
      const bytes = deflated(NOISE);
      for (const broken of [bytes.subarray(0, -1), bytes.subarray(0, 100), utf8('\x07\x07'), utf8('')]) {
        expect(await fault(request(broken), 'DAMAGED')).to.match(
          /^zip: entry "w": expected whole deflated bytes, got .+\. It is damaged$/,
        );
      }
      expect(await fault(request(deflated(TEXT), { wrapper: 'gzip' }), 'DAMAGED')).to.match(
        /whole gzip bytes/,
      );
    });
  });
}

for (const [name, inflate] of ANSWERERS.slice(0, 2)) {
  describe(name, () => {
    it('refuses bytes behind the end, which zlib passes over', async () => {
      const bytes = Uint8Array.from([...deflated(TEXT), 0, 1, 2]);
      const error = await rejectionOf(inflate(request(bytes)));
      expect(error.code).to.equal('DAMAGED');
      expect(error.message).to.equal(
        'zip: entry "w": expected whole deflated bytes, got 3 bytes behind their end. It is damaged',
      );
      const gzip = Uint8Array.from([...gzipSync(TEXT), 0, 1]);
      expect((await rejectionOf(inflate(request(gzip, { wrapper: 'gzip' })))).message).to.match(
        /whole gzip bytes, got 2 bytes behind their end/,
      );
    });

    it('passes over zeros behind a gzip file, as Python does, and behind nothing else', async () => {
      const gzip = Uint8Array.from([...gzipSync(TEXT), 0, 0, 0]);
      expect(Buffer.from(await inflate(request(gzip, { wrapper: 'gzip' })))).to.deep.equal(Buffer.from(TEXT));
      const zip = Uint8Array.from([...deflated(TEXT), 0]);
      expect((await rejectionOf(inflate(request(zip)))).code).to.equal('DAMAGED');
    });
  });
}

describe('inflating a bomb', () => {
  /** 256 MiB of zeros, in some 256 KiB. */
  const bomb = deflated(new Uint8Array(2 ** 28));
  const maxBytes = 2 ** 20;

  it('stops at the budget', async () => {
    for (const [, inflate] of ANSWERERS) {
      const before = process.memoryUsage().arrayBuffers;
      const error = await rejectionOf(inflate(request(bomb, { maxBytes })));
      expect(error.message).to.match(/expected at most 1048576 bytes when inflated, got more$/);
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(2 ** 27);
    }
  });
});

describe('inflating without zlib', () => {
  const original = process.getBuiltinModule;
  beforeEach(() => {
    (process as { getBuiltinModule?: unknown }).getBuiltinModule = undefined;
  });
  afterEach(() => {
    process.getBuiltinModule = original;
  });

  it('is possible in time, not at once', async () => {
    const bytes = new Uint8Array(deflateRawSync(TEXT));
    expect(await inflateAsync(request(bytes))).to.deep.equal(TEXT);
    const error = errorOf(() => inflateSync(request(bytes)));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'zip: entry "w": expected a file without compressed parts, or Node, which can decompress them at once, ' +
        'got compressed bytes. Read it with await readStateDict(bytes)',
    );
  });
});

describe('inflating without DecompressionStream', () => {
  const original = globalThis.DecompressionStream;
  afterEach(() => {
    globalThis.DecompressionStream = original;
  });

  it('says what to do', async () => {
    (globalThis as { DecompressionStream?: unknown }).DecompressionStream = undefined;
    const error = await rejectionOf(inflateStream(request(deflated(TEXT))));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(
      /^zip: entry "w": expected a host that can decompress .* Decompress the file before/,
    );
  });
});

describe('inflating with a signal', () => {
  const reason = new Error('no longer needed');
  /** Zeros, of which much is inflated before they end. */
  const asked = request(deflated(new Uint8Array(60_000_000)), { maxBytes: 1e8 });

  for (const [name, inflate] of [
    ['inflateAsync', inflateAsync],
    ['inflateStream', inflateStream],
  ] as const) {
    it(`rejects with its reason: ${name}`, async () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason));
      expect(await rejectionOf(inflate(asked, controller.signal))).to.equal(reason);
    });
  }
});
