import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { type FormatError, UnsupportedError } from '../../../../src/errors.js';
import { openTorch } from '../../../../src/state-dict/formats/torch/open.js';
import { parseStateDict } from '../../../../src/state-dict/parse.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import type { ReadReport } from '../../../../src/state-dict/report.js';
import { bytesOf, errorOf, utf8 } from '../../support.js';
import { bytesOfParts, int, tuple } from '../pickle/support.js';
import { opened, patched, readAll, type TestZip, writeZip } from '../zip/support.js';
import {
  floats,
  ints,
  NO_HOOKS,
  openBytes,
  openFile,
  pickled,
  pickledDict,
  storagePart,
  tensorPart,
  tensorsIn,
  torchZip,
} from './support.js';

const PICKLE = pickledDict({ w: [tensorPart(storagePart('FloatStorage', '7', 2), 0, ints(2), ints(1))] });
const DATA = { 'data/7': floats(1, 2) };

function valuesOf(file: Uint8Array): number[] {
  const { data } = tensorsIn(openBytes(file).root, file).get('w')!;
  return [...(data as Float32Array)];
}

/** An archive whose names are not marked as UTF-8. */
function unmarked({ bytes, locals, centrals }: TestZip): Uint8Array {
  const places = [...locals.map((at) => at + 6), ...centrals.map((at) => at + 8)];
  return places.reduce((file, at) => patched(file, at, 2, 0), bytes);
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function errorFor(records: Record<string, string | Uint8Array | undefined>, folder?: string): FormatError {
  return errorOf(() => openBytes(torchZip(PICKLE, { ...DATA, ...records }, folder))) as FormatError;
}

describe('openTorchZip', () => {
  it('finds the records in one folder of any name', () => {
    for (const folder of ['archive/', 'model.v2/', 'ünï/']) {
      expect(valuesOf(torchZip(PICKLE, DATA, folder))).to.deep.equal([1, 2]);
    }
  });

  it('refuses records in two folders, or in none', () => {
    const bare = errorOf(() => openBytes(torchZip(PICKLE, DATA, '')));
    expect(bare).to.be.instanceOf(UnsupportedError);
    expect(bare.message).to.match(/got what torch\.save writes, without its folder/);
    const two = writeZip([
      { name: 'a/data.pkl', data: PICKLE },
      { name: 'b/version', data: utf8('3') },
    ]);
    expect(errorOf(() => openBytes(two.bytes)).message).to.contain('got entry "b/version"');
    expect(
      errorOf(() =>
        openBytes(
          writeZip([
            { name: 'ab/data.pkl', data: PICKLE },
            { name: 'abc', data: PICKLE },
          ]).bytes,
        ),
      ).message,
    ).to.contain('got entry "abc"');
  });

  it('leaves records alone that nothing refers to', () => {
    expect(
      valuesOf(torchZip(PICKLE, { ...DATA, 'data/8': 'x', '.format_version': '1', 'notes.txt': '' })),
    ).to.deep.equal([1, 2]);
  });

  it('reads no elements, however large the storages', () => {
    const count = 1_000_000;
    const file = torchZip(
      pickledDict({ w: [tensorPart(storagePart('FloatStorage', '7', count), 0, ints(count), ints(1))] }),
      { 'data/7': new Uint8Array(4 * count) },
    );
    const seen: ReadingRequest[] = [];
    expect(readAll(openTorch(opened(file)), file, seen).root.size).to.equal(1);
    const ranges = seen.flatMap((request) => (request.kind === 'read' ? request.ranges : []));
    // Most of it is the search for the end of the archive.
    expect(ranges.reduce((sum, { begin, end }) => sum + end - begin, 0)).to.be.below(70_000);
    // The end, the directory, the version and the pickle: nothing of a storage, and the last two in one request.
    expect(ranges).to.have.length(4);
    expect(seen).to.have.length(3);
  });

  it('reads versions as torch does', () => {
    for (const version of ['1', '10', '10\n', '3'])
      expect(valuesOf(torchZip(PICKLE, { ...DATA, version }))).to.have.length(2);
    expect(valuesOf(torchZip(PICKLE, { ...DATA, version: undefined, '.data/version': '3' }))).to.have.length(
      2,
    );
    expect(errorFor({ version: undefined })).to.include({
      code: 'MISSING_PART',
      message: 'torch: archive: expected a record version, got none',
    });
    for (const version of ['0', 'x', '', '-1', '3.0', '9'.repeat(60)]) {
      const message = `torch: version: expected an integer >= 1, got ${JSON.stringify(version)}`;
      expect(errorFor({ version }), version).to.include({ code: 'INVALID_STRUCTURE', message });
    }
    expect(errorFor({ version: '9'.repeat(100) })).to.include({
      code: 'TOO_LARGE',
      message: 'zip: entry "archive/version": expected at most 64 bytes, got 100',
    });
    const newer = errorFor({ version: '11' });
    expect(newer).to.be.instanceOf(UnsupportedError);
    expect(newer.message).to.equal('torch: version: expected at most 10, got 11');
    expect(errorFor({ '.data/version': '11' })).to.be.instanceOf(UnsupportedError);
  });

  it('reads the order of bytes, and knows no third', () => {
    const big = bytesOfParts('\x3f\x80\0\0\x40\0\0\0');
    expect(valuesOf(torchZip(PICKLE, { 'data/7': big, byteorder: 'big' }))).to.deep.equal([1, 2]);
    expect(valuesOf(torchZip(PICKLE, { ...DATA, byteorder: 'little' }))).to.deep.equal([1, 2]);
    // torch swaps by the dtype of the storage, and one without is bytes.
    const args = tuple(
      storagePart('UntypedStorage', '7', 4),
      int(0),
      ints(2),
      ints(1),
      '\x89',
      NO_HOOKS,
      'ctorch\nuint16\n',
    );
    const untyped = pickledDict({ w: ['ctorch._utils\n_rebuild_tensor_v3\n', args, 'R'] });
    const data = Uint8Array.of(1, 0, 2, 0);
    for (const byteorder of ['little', 'big'])
      expect(valuesOf(torchZip(untyped, { 'data/7': data, byteorder }))).to.deep.equal([1, 2]);
    expect(errorFor({ byteorder: 'middle' })).to.include({
      code: 'INVALID_STRUCTURE',
      message: 'torch: byteorder: expected little or big, got "middle"',
    });
    for (const [spaces, code, message] of [
      [10, 'INVALID_STRUCTURE', 'torch: byteorder: expected little or big, got "little          "'],
      [100, 'TOO_LARGE', 'zip: entry "archive/byteorder": expected at most 64 bytes, got 106'],
    ] as const)
      expect(errorFor({ byteorder: `little${' '.repeat(spaces)}` })).to.include({ code, message });
  });

  it('refuses a record that is missing by its name in the directory alone', () => {
    const file = torchZip(PICKLE, { 'data/7': floats(1, 2), byteorder: 'big' });
    const at = Buffer.from(file).lastIndexOf('archive/byteorder');
    expect(
      errorOf(() => openBytes(patched(file, at + 'archive/'.length, 1, 'B'.charCodeAt(0)))).message,
    ).to.equal(
      'zip: entry "archive/Byteorder": expected the same name before its data as in the directory, got another',
    );
  });

  // What torch.load gives of these, as of those below: it compares the bytes of names, and ignores the case of ASCII.
  it('finds records by the bytes of their names, whatever encoding they are marked as', () => {
    const key = '├⌐';
    const pickle = pickledDict({ w: [tensorPart(storagePart('FloatStorage', key, 2), 0, ints(2), ints(1))] });
    const zip = writeZip([
      { name: 'a/data.pkl', data: pickle },
      { name: 'a/version', data: utf8('3\n') },
      { name: 'a/data/é', data: floats(1, 2) },
      { name: `a/data/${key}`, data: floats(3, 4) },
    ]);
    expect(valuesOf(unmarked(zip))).to.deep.equal([3, 4]);
    const unnamed = writeZip([
      { name: Uint8Array.of(0xe9, ...utf8('/data.pkl')), data: PICKLE },
      { name: Uint8Array.of(0xe9, ...utf8('/version')), data: utf8('3\n') },
      { name: Uint8Array.of(0xe9, ...utf8('/data/7')), data: floats(1, 2) },
    ]);
    expect(valuesOf(unmarked(unnamed))).to.deep.equal([1, 2]);
  });

  it('finds records whatever the case of their names', () => {
    const big = bytesOfParts('\x3f\x80\0\0\x40\0\0\0');
    expect(valuesOf(torchZip(PICKLE, { 'Data/7': big, ByteOrder: 'big' }))).to.deep.equal([1, 2]);
    const pickle = pickledDict({ w: [tensorPart(storagePart('FloatStorage', 'a', 2), 0, ints(2), ints(1))] });
    expect(errorOf(() => openBytes(torchZip(pickle, { 'data/A': '', 'data/a': floats(1, 2) })))).to.include({
      code: 'DUPLICATE_NAME',
      message:
        'torch: archive: expected each name once, capital letters or not, got "archive/data/A" and "archive/data/a"',
    });
  });

  it('refuses a name that an extra field gives to other readers alone', () => {
    const path = (name: string, told: string): Uint8Array => {
      const content = Uint8Array.of(1, ...int32(crc32(utf8(name))), ...utf8(told));
      return Uint8Array.of(0x75, 0x70, content.length, 0, ...content);
    };
    const fileWith = (told: string) =>
      unmarked(
        writeZip([
          { name: 'a/data.pkl', data: PICKLE },
          { name: 'a/version', data: utf8('3\n') },
          { name: 'a/data/8', data: floats(1, 2), extraBefore: path('a/data/8', told) },
          { name: 'a/data/7', data: floats(3, 4) },
        ]),
      );
    expect(valuesOf(fileWith('a/data/8'))).to.deep.equal([3, 4]);
    expect(errorOf(() => openBytes(fileWith('a/data/9')))).to.include({
      code: 'INCONSISTENT',
      message: 'torch: entry "a/data/9": expected a Unicode path that is its name, got "a/data/8"',
    });
  });

  it('refuses a record that is missing, or has another length than its storage', () => {
    expect(errorFor({ 'data/7': undefined })).to.include({
      code: 'MISSING_PART',
      message: 'torch: storage "7": expected a record data/7, got none',
    });
    expect(errorFor({ 'data.pkl': undefined })).to.include({
      code: 'MISSING_PART',
      message: 'torch: archive: expected a record data.pkl, got none',
    });
    for (const values of [[1], [1, 2, 3], []]) {
      expect(errorFor({ 'data/7': floats(...values) })).to.include({
        code: 'INCONSISTENT',
        message: `torch: entry "archive/data/7": expected 8 bytes, got ${4 * values.length}`,
      });
    }
  });

  it('refuses bytes behind the pickle, which torch reads past', () => {
    expect(errorFor({ 'data.pkl': bytesOfParts(PICKLE, 'N.') })).to.include({
      code: 'TRAILING_BYTES',
      message: `torch: data.pkl: expected ${PICKLE.length} bytes, got ${PICKLE.length + 2}`,
    });
  });

  it('holds the pickle to its limit before it is read', () => {
    const file = torchZip(PICKLE, DATA);
    expect(() => openBytes(file, { maxPickleBytes: PICKLE.length })).not.to.throw();
    expect(errorOf(() => openBytes(file, { maxPickleBytes: PICKLE.length - 1 }))).to.include({
      code: 'TOO_LARGE',
      message:
        `torch: data.pkl: expected at most ${PICKLE.length - 1} bytes, got ${PICKLE.length}. ` +
        'Raise limits.maxPickleBytes to read it',
    });
  });

  it('reads records without a checksum, as torch.save writes when told to, and says so', () => {
    const records = [
      { name: 'a/data.pkl', data: PICKLE, crc: 0 },
      { name: 'a/version', data: utf8('3\n') },
      { name: 'a/data/7', data: floats(1, 2), crc: 0 },
      { name: 'a/empty', data: new Uint8Array(0) },
    ];
    const file = writeZip(records).bytes;
    const reports: ReadReport[] = [];
    const stateDict = parseStateDict(file, { onReport: (report) => reports.push(report) });
    expect(stateDict.get('w')?.data).to.deep.equal(Float32Array.of(1, 2));
    expect(reports[0]?.warnings).to.deep.equal([
      'Saved without a checksum, so that damage to it, or zeros where elements were never written, would not be noticed: ' +
        '"data.pkl", "data/7".',
    ]);
    const wrong = writeZip(records.map((record) => ({ ...record, crc: 1 }))).bytes;
    const error = errorOf(() => parseStateDict(wrong));
    expect(error).to.have.property('code', 'DAMAGED');
    expect(error.message).to.match(/^zip: entry "a\/version": expected CRC-32 00000001, got/);
  });

  it('takes deflated records, a storage with what it inflates to', () => {
    const zeros = new Uint8Array(4000);
    const pickle = pickledDict({
      w: [tensorPart(storagePart('FloatStorage', '7', 1000), 0, ints(1000), ints(1))],
    });
    const file = writeZip([
      { name: 'a/data.pkl', data: pickle, deflate: true },
      { name: 'a/version', data: utf8('3\n'), deflate: true },
      { name: 'a/data/7', data: zeros, deflate: true },
    ]).bytes;
    const node = openBytes(file).root.get('w')!;
    if (node.kind !== 'stored') throw new Error(node.kind);
    expect(node.tensor.storage.inflatedBytes).to.equal(4000);
    expect(node.tensor.storage.end - node.tensor.storage.begin).to.be.below(100);
  });

  it('gives tensors of one storage the same bytes', () => {
    const shared = storagePart('FloatStorage', '7', 2);
    const pickle = pickledDict({
      a: [tensorPart(shared, 0, ints(2), ints(1))],
      b: [tensorPart(shared, 1, ints(), ints())],
    });
    const file = torchZip(pickle, DATA);
    const { root } = openBytes(file);
    const [a, b] = ['a', 'b'].map(
      (name) => root.get(name) as Extract<ReturnType<typeof root.get>, { kind: 'stored' }>,
    );
    expect(a.tensor.storage).to.equal(b.tensor.storage);
    expect(bytesOf(tensorsIn(root, file).get('b')!)).to.deep.equal(floats(2));
  });

  it('refuses archives of TorchScript and of torch.export before 2.7, and says what to run', () => {
    const script = errorOf(() => openFile('scripted.pt'));
    expect(script).to.be.instanceOf(UnsupportedError);
    expect(script.message).to.equal(
      'torch: file: expected what torch.save writes of a state_dict, got a TorchScript archive. ' +
        'Save its state_dict in Python: torch.save(torch.jit.load("model.pt", map_location="cpu").state_dict(), "state_dict.pt")',
    );
    const old = writeZip([{ name: 'serialized_exported_program.json', data: utf8('{}') }]).bytes;
    const exported =
      'Save its state_dict in Python: torch.save(torch.export.load("model.pt2").state_dict, "state_dict.pt")';
    expect(errorOf(() => openBytes(old)).message).to.contain(
      `a program of torch.export before 2.7. ${exported}`,
    );
  });

  it('does not hand a pickle to another reader because of what stands beside it', () => {
    // torch.load once ran what it found beside a record constants.pkl, however safely it had been asked to load.
    const pickle = pickled('cos\nsystem\nX\x02\0\0\0id\x85R');
    expect(errorOf(() => openBytes(torchZip(pickle, { 'constants.pkl': pickle })))).to.be.instanceOf(
      UnsupportedError,
    );
    expect(errorOf(() => openBytes(torchZip(pickle))).message).to.equal(
      'torch: file: expected a dict of tensors, got what os.system makes',
    );
  });
});
