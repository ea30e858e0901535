import { expect } from 'chai';
import { type FormatError, UnsupportedError } from '../../../../src/errors.js';
import { openTorch } from '../../../../src/state-dict/formats/torch/open.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, int, type Part, text, tuple } from '../pickle/support.js';
import { opened, readAll } from '../zip/support.js';
import {
  floats,
  ints,
  openBytes,
  openFile,
  pickled,
  pickledDict,
  storagePart,
  tensorPart,
  tensorsIn,
  torchFile,
} from './support.js';

const MAGIC = pickled('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19');
const VERSION = pickled('M\xe9\x03');
const MACHINE = pickledDict({ little_endian: ['\x88'] });

const OBJECT = pickledDict({
  w: [tensorPart(storagePart('FloatStorage', '7', 2, 'N'), 0, ints(2), ints(1))],
});

function keys(...names: readonly string[]): Uint8Array {
  return pickled('](', ...names.map(text), 'e');
}

function counted(count: bigint, data: Uint8Array): Uint8Array {
  const head = new Uint8Array(8);
  new DataView(head.buffer).setBigInt64(0, count, true);
  return bytesOfParts(head, data);
}

const DATA = counted(2n, floats(1, 2));
const PARTS = [MAGIC, VERSION, MACHINE, OBJECT, keys('7'), DATA];

function fileWith(index: number, part: Part): Uint8Array {
  return bytesOfParts(...PARTS.map((original, i) => (i === index ? part : original)));
}

function errorWith(index: number, part: Part): FormatError {
  return errorOf(() => openBytes(fileWith(index, part))) as FormatError;
}

describe('openTorchLegacy', () => {
  it('finds tensors behind the pickles', () => {
    const file = bytesOfParts(...PARTS);
    expect([...tensorsIn(openBytes(file).root, file)]).to.deep.equal([
      ['w', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }],
    ]);
  });

  it('reads on while the pickles go on, each part of the file once', () => {
    const note = 'x'.repeat(300_000);
    const file = fileWith(
      3,
      pickledDict({
        note: [text(note)],
        w: [tensorPart(storagePart('FloatStorage', '7', 2, 'N'), 0, ints(2), ints(1))],
      }),
    );
    const seen: ReadingRequest[] = [];
    const { root } = readAll(openTorch(opened(file)), file, seen);
    expect(tensorsIn(root, file).get('w')!.data).to.deep.equal(Float32Array.of(1, 2));
    const ranges = seen.flatMap((request) => (request.kind === 'read' ? request.ranges : []));
    expect(ranges.map(({ begin, end }) => [begin, end])).to.deep.equal([
      [4096, 16384],
      [16384, 65536],
      [65536, 262144],
      [262144, file.length],
    ]);
  });

  it('holds the pickles together to their limit', () => {
    const file = bytesOfParts(...PARTS);
    const length = file.length - DATA.length;
    expect(() => openBytes(file, { maxPickleBytes: length })).not.to.throw();
    const error = errorOf(() => openBytes(file, { maxPickleBytes: length - 1 })) as FormatError;
    expect(error.code).to.equal('TOO_LARGE');
    expect(error.message).to.equal(
      `torch: file: expected pickles of at most ${length - 1} bytes together, got more. ` +
        'Raise limits.maxPickleBytes to read them',
    );
  });

  it('refuses other pickles, and other versions', () => {
    const error = errorOf(() => openFile('bare.pkl'));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: file: expected what torch.save writes, got a pickle of {"a": 1}. ' + 'Pass format: "pickle"',
    );
    expect(errorWith(1, pickled('M\xe8\x03'))).to.include({
      code: 'INVALID_STRUCTURE',
      message: 'torch: protocol version: expected 1001, got 1000',
    });
  });

  it('refuses keys that are not strings, stand twice, are not referred to or are missing', () => {
    const message = 'torch: keys of the storages: expected a list of strings, got another value';
    for (const wrong of [pickled('](', int(7), 'e'), pickledDict({})])
      expect(errorWith(4, wrong)).to.include({ code: 'INVALID_STRUCTURE', message });
    expect(errorWith(4, keys('7', '7')).message).to.equal(
      'torch: storage "7": expected each key of a storage once, got it again',
    );
    expect(errorWith(4, keys('7', '8')).message).to.equal(
      'torch: storage "8": expected each key of a storage once, got it, though the pickle does not refer to it',
    );
    const none = errorOf(() => openBytes(bytesOfParts(MAGIC, VERSION, MACHINE, OBJECT, keys())));
    expect(none).to.include({
      code: 'MISSING_PART',
      message: 'torch: storage "7": expected its key in the list, got none',
    });
  });

  it('refuses storages with another count than the pickle gives, where they are read', () => {
    for (const count of [3n, -2n]) {
      const file = fileWith(5, counted(count, floats(1, 2)));
      expect(openBytes(file).root.size).to.equal(1);
      expect(errorOf(() => parseStateDict(file))).to.include({
        code: 'INCONSISTENT',
        message: `torch: storage "7": expected 2 elements before its bytes, got ${count}`,
      });
    }
  });

  it('refuses a file that is cut short, or goes on behind the last storage', () => {
    const file = bytesOfParts(...PARTS);
    expect(errorOf(() => openBytes(bytesOfParts(file, '\0')))).to.include({
      code: 'TRAILING_BYTES',
      message: `torch: file: expected ${file.length} bytes, got ${file.length + 1}`,
    });
    for (let length = 0; length < file.length; length++) {
      const error = errorOf(() => openBytes(file.subarray(0, length))) as FormatError;
      expect(error.code).to.equal('TRUNCATED');
      expect(error.message).to.match(
        length < file.length - DATA.length
          ? /^pickle: file byte \d+.*: expected more bytes, got the end after/
          : /^torch: file: expected \d+ bytes at least, got/,
      );
    }
  });

  it('refuses a storage larger than any file', () => {
    const huge = storagePart('FloatStorage', '7', 2 ** 31 - 1, 'N');
    const error = errorWith(3, pickledDict({ w: [tensorPart(huge, 0, ints(2), ints(1))] })) as FormatError;
    expect(error.code).to.equal('TRUNCATED');
    expect(error.message).to.match(/^torch: file: expected 858993\d+ bytes at least, got \d+$/);
  });

  it('reads files of Python 2, whose texts are bytes', () => {
    const id = tuple('U\x07storage', 'ctorch\nFloatStorage\n', 'U\x017', 'U\x03cpu', int(2), 'N');
    const tensor = tensorPart(bytesOfParts(id, 'Q'), 0, ints(2), ints(1));
    const object = pickled('ccollections\nOrderedDict\n]](U\x01w', tensor, 'ea\x85R');
    const file = bytesOfParts(MAGIC, VERSION, MACHINE, object, pickled(']U\x017a'), DATA);
    expect(tensorsIn(openBytes(file).root, file).get('w')!.data).to.deep.equal(Float32Array.of(1, 2));
  });

  it('reads whole modules, whose classes come with their source, and shows neither source nor path', () => {
    const source = tuple(text('module'), 'cmy\nNet\n', text('net.py'), text('class Net: ...'));
    const state = bytesOfParts(
      '}(',
      ...['_parameters', '_buffers', '_modules'].flatMap((name) => [
        text(name),
        'ccollections\nOrderedDict\n)R',
      ]),
      'u',
    );
    const object = pickled(source, 'Q)\x81', state, 'b');
    const { root, warnings } = openBytes(bytesOfParts(MAGIC, VERSION, MACHINE, object, keys()));
    expect([...root]).to.deep.equal([]);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^Read as data: a whole module of class my\.Net\. /);
    const other = pickled(source, 'Q)\x81N\x85b');
    const error = errorOf(() => openBytes(bytesOfParts(MAGIC, VERSION, MACHINE, other, keys())));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: file: expected a state_dict, got what my.Net makes. ' +
        'In Python, where that class is defined: torch.save(model.state_dict(), "state_dict.pt")',
    );
  });

  it('reads of a file that torch wrote its head alone', () => {
    const file = torchFile('legacy.pt');
    const seen: ReadingRequest[] = [];
    readAll(openTorch(opened(file)), file, seen);
    expect(seen).to.deep.equal([{ kind: 'read', ranges: [{ begin: 4096, end: file.length }] }]);
  });
});
