import { expect } from 'chai';
import { ON_META } from '../../../../../src/state-dict/formats/torch/objects/dtypes.js';
import { readClaims } from '../../../../../src/state-dict/formats/torch/objects/storages.js';
import { errorOf, workFor } from '../../../support.js';
import { bytesOfParts, int, type Part, read, text, tuple } from '../../pickle/support.js';
import { storagePart } from '../support.js';

function claims(...parts: readonly Part[]): unknown[] {
  return [...readClaims(read('(', ...parts, 't').persistent, workFor(0)).values()];
}

const FLOAT = { type: { bytes: 4, dtype: 'F32' }, key: '0' };

describe('readClaims', () => {
  it('reads key, type and size of storages', () => {
    expect(claims(storagePart('FloatStorage', '0', 3))).to.deep.equal([
      { ...FLOAT, bytes: 12, view: { begin: 0, end: 12 } },
    ]);
    expect(claims(storagePart('FloatStorage', '0', 3, 'N'))).to.deep.equal([
      { ...FLOAT, bytes: 12, view: { begin: 0, end: 12 } },
    ]);
    const untyped = tuple(
      text('storage'),
      'ctorch.storage\nUntypedStorage\n',
      text('k'),
      text('cuda:0'),
      int(5),
    );
    expect(claims(untyped, 'Q')).to.deep.equal([
      { key: 'k', type: { bytes: 1, dtype: 'U8' }, bytes: 5, view: { begin: 0, end: 5 } },
    ]);
  });

  it('reads views of storages, which lie inside', () => {
    const view = tuple(text('1'), int(1), int(2));
    expect(claims(storagePart('FloatStorage', '0', 3, view))).to.deep.equal([
      { ...FLOAT, bytes: 12, view: { begin: 4, end: 12 } },
    ]);
    const outside = tuple(text('1'), int(2), int(2));
    expect(errorOf(() => claims(storagePart('FloatStorage', '0', 3, outside)))).to.include({
      code: 'INVALID_TENSOR',
      message: 'torch: storage "0": expected a view inside its 12 bytes, got ("1", 2, 2)',
    });
    expect(errorOf(() => claims(storagePart('FloatStorage', '0', 3, int(1))))).to.include({
      code: 'INVALID_STRUCTURE',
      message: 'torch: storage "0": expected a number of elements, got nothing',
    });
  });

  it('refuses another size or dtype of one storage, of which torch takes the first', () => {
    const messageOf = (...parts: readonly Part[]): string => {
      const error = errorOf(() => claims(...parts));
      expect(error.code).to.equal('INCONSISTENT');
      return error.message;
    };
    const before = 'torch: storage "0": expected bytes 0 to 12 of "0" as F32, as it had before, got';
    const float = storagePart('FloatStorage', '0', 3);
    expect(messageOf(float, storagePart('FloatStorage', '0', 4))).to.equal(
      `${before} bytes 0 to 16 of "0" as F32`,
    );
    expect(messageOf(float, storagePart('IntStorage', '0', 3))).to.equal(
      `${before} bytes 0 to 12 of "0" as I32`,
    );
    const meta = tuple(text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('meta'), int(3));
    expect(messageOf(float, meta, 'Q')).to.equal(`${before} bytes 0 to 12 of "0" as ${ON_META}`);
    expect(claims(storagePart('ByteStorage', '1', 4), storagePart('UntypedStorage', '1', 4))).to.have.length(
      2,
    );
  });

  it('refuses another part of a storage under the name of one view', () => {
    const view = (name: string, begin: number, count: number, key = '0'): Part =>
      storagePart('FloatStorage', key, 3, tuple(text(name), int(begin), int(count)));
    expect(claims(view('v', 0, 2), view('v', 0, 2), view('u', 1, 2), view('0', 0, 3))).to.have.length(4);
    for (const other of [
      view('v', 1, 2),
      view('v', 0, 1),
      view('v', 0, 2, '1'),
      storagePart('FloatStorage', 'v', 2),
    ])
      expect(errorOf(() => claims(view('v', 0, 2), other))).to.include({ code: 'INCONSISTENT' });
    expect(errorOf(() => claims(view('v', 0, 2), view('v', 1, 2))).message).to.equal(
      'torch: storage "v": expected bytes 0 to 8 of "0" as F32, as it had before, got bytes 4 to 12 of "0" as F32',
    );
  });

  it('refuses a reference to anything but a storage', () => {
    for (const id of [int(3), tuple(), tuple(text('file'), text('/etc/passwd'))]) {
      expect(errorOf(() => claims(id, 'Q')).message).to.match(
        /^torch: pickle: expected references to storages, got /,
      );
    }
    const rule = /expected \('storage', a class of storages, key, device, size\)/;
    const float = 'ctorch\nFloatStorage\n';
    for (const id of [
      tuple(text('storage'), float, text('0'), text('cpu')),
      tuple(text('storage'), float, text('0'), text('cpu'), int(1), 'N', 'N'),
      tuple(text('storage'), float, int(0), text('cpu'), int(1)),
      tuple(text('storage'), 'ctorch\nOddStorage\n', text('0'), text('cpu'), int(1)),
      tuple(text('storage'), text('FloatStorage'), text('0'), text('cpu'), int(1)),
    ]) {
      expect(errorOf(() => claims(id, 'Q')).message).to.match(rule);
    }
  });

  it('refuses sizes that cannot be', () => {
    for (const count of [
      int(-1),
      'N',
      'G\x40\x08\0\0\0\0\0\0',
      bytesOfParts('\x8a\x09', '\xff'.repeat(8), '\0'),
      bytesOfParts('\x8a\x07', '\xff'.repeat(6), '\x1f'),
    ]) {
      const id = tuple(text('storage'), 'ctorch\nFloatStorage\n', text('0'), text('cpu'), count);
      expect(errorOf(() => claims(id, 'Q')).message).to.contain(
        'torch: storage "0": expected a number of elements',
      );
    }
  });

  it('passes over the source of modules', () => {
    expect(claims(tuple(text('module'), 'cmy\nNet\n', text('net.py'), text('class Net')), 'Q')).to.deep.equal(
      [],
    );
  });
});
