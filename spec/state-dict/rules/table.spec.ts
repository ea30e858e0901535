import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { FormatError } from '../../../src/errors.js';
import { SERVICES } from '../../../src/state-dict/parse.js';
import { readStateDict } from '../../../src/state-dict/read.js';
import { readCheckpoint } from '../../../src/state-dict/read-checkpoint.js';
import { runSync } from '../../../src/state-dict/reading/drive.js';
import { type ReadLimits, resolveLimits } from '../../../src/state-dict/rules/limits.js';
import { bytesOfParts, int, type Part, text } from '../formats/pickle/support.js';
import { floats, ints, pickled, storagePart, tensorPart, torchZip } from '../formats/torch/support.js';
import { writeZip } from '../formats/zip/support.js';
import { errorOf, openedFile, rejectionOf, safetensorsFile, utf8 } from '../support.js';

const PAGE = readFileSync(new URL('../../../docs/files.md', import.meta.url), 'utf8');

/** The rows of the table: each limit with its default as it is printed. */
function rows(): [string, string][] {
  const [, table = ''] = PAGE.split('| limit | default | bounds |');
  return [...table.matchAll(/^\| `(\w+)` \| ([\d,^]+) \|/gm)].map(([, name = '', value = '']) => [
    name,
    value,
  ]);
}

function printed(value: number): string {
  const power = Math.log2(value);
  return Number.isInteger(power) && power > 20 ? `2^${power}` : value.toLocaleString('en-US');
}

/** The error that a file ends with, and the steps until then. */
function outcomeOf(
  bytes: Uint8Array,
  limits: ReadLimits,
): { error: Error & { code?: string }; steps: number } {
  const file = openedFile(bytes.length, limits);
  const error = errorOf(() => runSync(readCheckpoint(file, { path: [] }), bytes, SERVICES));
  return { error, steps: file.work.steps };
}

const STORAGE = storagePart('FloatStorage', '0', 1);

function torchFile(deflate: boolean, ...entries: readonly Part[]): Uint8Array {
  const data = pickled('}', ...entries);
  if (!deflate) return torchZip(data, { 'data/0': floats(1) });
  return writeZip([
    { name: 'a/data.pkl', data, deflate },
    { name: 'a/version', data: utf8('3\n') },
    { name: 'a/data/0', data: floats(1) },
  ]).bytes;
}

/** A file of few bytes that asks for more than a limit, and the limit where it is not the default. */
const WORST: Readonly<
  Record<keyof ReadLimits, { bytes: () => Uint8Array; limits?: ReadLimits; message: RegExp }>
> = {
  maxBytes: {
    bytes: () => new Uint8Array(gzipSync(new Uint8Array(2 ** 20))),
    limits: { maxBytes: 2 ** 16 },
    message: /^gzip: file: expected at most 65536 bytes when inflated, got more\. Raise limits\.maxBytes/,
  },
  maxTensors: {
    // One tensor in a dict that is in a dict ten times, and so on: a million names.
    bytes: () => {
      const shared = Array.from({ length: 6 }, (_, level) =>
        bytesOfParts(
          '}',
          ...Array.from({ length: 10 }, (_, i) => bytesOfParts(int(i), 'h', Uint8Array.of(level), 's')),
          'q',
          Uint8Array.of(level + 1),
          '0',
        ),
      );
      const leaf = bytesOfParts(tensorPart(STORAGE, 0, ints(1), ints(1)), 'q\x000');
      return torchFile(false, leaf, ...shared, text('m'), 'h\x06s');
    },
    limits: { maxTensors: 1000 },
    message: /^torch: file: expected at most 1000 tensors, got more\. Raise limits\.maxTensors/,
  },
  maxTensorBytes: {
    bytes: () => torchFile(false, text('w'), tensorPart(STORAGE, 0, ints(2 ** 20, 2 ** 20), ints(0, 0)), 's'),
    limits: { maxExpansion: 2 ** 50 },
    message:
      /at most 4294967296 bytes that are not views of the file \(limits\.maxTensorBytes\), got 4398046511104\./,
  },
  maxExpansion: {
    bytes: () => torchFile(false, text('w'), tensorPart(STORAGE, 0, ints(2 ** 14, 2 ** 13), ints(0, 0)), 's'),
    message:
      /at most 268435456 bytes that are not views of the file \(limits\.maxExpansion\), got 536870912\./,
  },
  maxHeaderBytes: {
    bytes: () => safetensorsFile('{}', [], 25_000_001n),
    message:
      /^safetensors: header: expected at most 25000000 bytes \(limits\.maxHeaderBytes\), got length 25000001$/,
  },
  maxEntries: {
    bytes: () => writeZip(['a/1', 'a/2'].map((name) => ({ name, data: utf8('') }))).bytes,
    limits: { maxEntries: 1 },
    message: /^zip: central directory: expected at most 1 entries, got 2\. Raise limits\.maxEntries/,
  },
  maxPickleBytes: {
    bytes: () => torchFile(true, text('w'), text(' '.repeat(100_000)), 's'),
    limits: { maxPickleBytes: 100_000 },
    message: /^torch: data\.pkl: expected at most 100000 bytes, got 100\d\d\d\. Raise limits\.maxPickleBytes/,
  },
};

describe('the table of limits', () => {
  it('has every limit, with its default', () => {
    const defaults = Object.entries(resolveLimits('spec')).map(([name, value]) => [name, printed(value)]);
    expect(rows().sort()).to.deep.equal(defaults.sort());
  });

  for (const [name, { bytes, limits = {}, message }] of Object.entries(WORST)) {
    it(`is true of the worst file for ${name}, which takes few steps`, () => {
      const file = bytes();
      expect(file.length).to.be.below(5000);
      const { error, steps } = outcomeOf(file, limits);
      expect(error.message).to.match(message);
      expect(steps).to.be.below(10_000);
    });
  }

  it('says how much work a file may ask for', () => {
    const steps = /Any file may take ([\d,]+) steps, and (\d+) \(`maxExpansion`\)/.exec(PAGE) ?? [];
    expect(steps.slice(1)).to.deep.equal(['65,536', '16']);
    const file = torchFile(true, text('l'), '](', '}'.repeat(200_000), 'es');
    const { error, steps: taken } = outcomeOf(file, {});
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'TOO_LARGE');
    expect(taken).to.be.within(65_536 + 16 * file.length, 65_536 + 16 * file.length + 10);
  });
});

describe('an error in a file', () => {
  it('keeps the one inside it as its cause, and the code', async () => {
    const broken = new Uint8Array(gzipSync(utf8('{"w": [1]}'))).subarray(0, 20);
    const error = await rejectionOf(readStateDict(broken));
    expect(error).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.cause).to.be.instanceOf(FormatError).with.property('code', 'DAMAGED');
    expect(error.message).to.equal(`readStateDict: bytes: ${(error.cause as Error).message}`);
    expect((error.cause as Error).cause).to.have.property('code', 'Z_BUF_ERROR');
  });
});
