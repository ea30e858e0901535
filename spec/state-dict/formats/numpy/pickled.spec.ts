import { expect } from 'chai';
import type { CheckpointNode } from '../../../../src/state-dict/formats/checkpoint.js';
import { openPickle } from '../../../../src/state-dict/formats/torch/pickle.js';
import { errorOf } from '../../support.js';
import { bytesOfParts, int, le, type Part, text, tuple } from '../pickle/support.js';
import { floats, ints, pickledDict } from '../torch/support.js';
import { opened, readAll } from '../zip/support.js';
import { described } from './support.js';

const RECONSTRUCT = bytesOfParts(
  'cnumpy.core.multiarray\n_reconstruct\n',
  '(cnumpy\nndarray\n',
  ints(0),
  'U\x01btR',
);
const FROM_BUFFER = 'cnumpy._core.numeric\n_frombuffer\n';

function bytes(data: Uint8Array): Part {
  return bytesOfParts('B', le(data.length, 4), data);
}

function dtype(name: string, order: Part = text('<')): Part {
  const state = tuple(int(3), order, 'NNN', int(-1), int(-1), int(0));
  return bytesOfParts('cnumpy\ndtype\n', tuple(text(name), '\x89\x88'), 'R', state, 'b');
}

function array(shape: Part, type: Part, isFortran: Part, data: Part): Part {
  return bytesOfParts(RECONSTRUCT, tuple(int(1), shape, type, isFortran, data), 'b');
}

function open(...parts: readonly Part[]): { node: CheckpointNode | undefined; values: number[] } {
  const file = pickledDict({ w: parts });
  const node = readAll(openPickle(opened(file)), file).root.get('w');
  if (node?.kind !== 'stored') return { node, values: [] };
  const elements = new Uint8Array(Buffer.from(described(node, file).hex, 'hex'));
  return { node, values: [...new Float32Array(elements.buffer)] };
}

function messageOf(...parts: readonly Part[]): string {
  return errorOf(() => open(...parts)).message.replace('numpy: tensor "w": ', '');
}

function reasonOf(...parts: readonly Part[]): string | undefined {
  const { node } = open(...parts);
  return node?.kind === 'refused' ? node.reason : node?.kind;
}

const F4 = dtype('f4');

describe('arrayOf', () => {
  it('takes every int but 0 for Fortran order, as NumPy does, and no other value', () => {
    const data = bytes(floats(1, 2, 3, 4, 5, 6));
    const read = (isFortran: Part) => open(array(ints(2, 3), F4, isFortran, data)).values;
    for (const isFortran of ['\x88', int(1), int(2), int(-1)])
      expect(read(isFortran)).to.deep.equal([1, 3, 5, 2, 4, 6]);
    for (const isFortran of ['\x89', int(0)]) expect(read(isFortran)).to.deep.equal([1, 2, 3, 4, 5, 6]);
    expect(messageOf(array(ints(2, 3), F4, 'N', data))).to.equal(
      'expected is_fortran of True, False or an int, got None',
    );
  });

  it('takes a byte order as text or bytes, and no other', () => {
    const big = bytes(floats(1, 2).map((_, i, all) => all[i - (i % 4) + 3 - (i % 4)]));
    for (const order of [text('>'), 'C\x01>'])
      expect(open(array(ints(2), dtype('f4', order), '\x89', big)).values).to.deep.equal([1, 2]);
    for (const [order, got] of [
      [int(3), '3'],
      [text('x'), '"x"'],
    ] as const) {
      expect(messageOf(array(ints(2), dtype('f4', order), '\x89', big))).to.equal(
        `expected a byte order of <, >, | or =, got ${got}`,
      );
    }
  });

  it('takes text for bytes in the encoding with a byte for each character alone', () => {
    // In Python _codecs.encode("AAAABBBB", "cp037") is c1c1c1c1c2c2c2c2.
    const written = (name: string, ...args: readonly Part[]): Part => {
      const data = bytesOfParts(name, tuple(text('AAAABBBB'), ...args), 'R');
      return array(ints(2), F4, '\x89', data);
    };
    const expected = [...new Float32Array(Uint8Array.from('AAAABBBB', (c) => c.charCodeAt(0)).buffer)];
    const encode = 'c_codecs\nencode\n';
    for (const maker of [encode, 'cbuiltins\nbytearray\n', 'c__builtin__\nbytes\n']) {
      for (const encoding of ['latin1', 'latin-1'])
        expect(open(written(maker, text(encoding))).values).to.deep.equal(expected);
      for (const args of [[text('cp037')], [text('utf-16')], [], [text('latin1'), text('ignore')]])
        expect(messageOf(written(maker, ...args))).to.match(
          /^expected bytes of its elements, got \S+\("AAAABBBB"/,
        );
    }
  });

  it('refuses sizes that cannot be counted', () => {
    const huge = bytesOfParts('\x8a\x07', '\0'.repeat(6), '\x10');
    expect(messageOf(array(tuple(huge, int(4)), F4, '\x89', 'C\0'))).to.equal(
      'expected sizes whose product can be counted, got [4503599627370496, 4]',
    );
  });

  it('refuses a list or dtype that is changed after the array took it', () => {
    const data = bytes(floats(1, 2));
    const kept = (value: Part) => bytesOfParts(value, 'q\x000');
    const sizes = kept(bytesOfParts('](', int(2), int(1), 'e'));
    const made = [sizes, FROM_BUFFER, tuple(data, F4, 'h\x00', text('C')), 'R'];
    expect(open(...made).values).to.deep.equal([1, 2]);
    expect(messageOf(...made, 'h\x00', int(1), 'a0')).to.equal(
      'expected sizes that are left as they were, got [2, 1, 1]',
    );
    const unset = kept(bytesOfParts('cnumpy\ndtype\n', tuple(text('f4'), '\x89\x88'), 'R'));
    const order = tuple(int(3), text('>'), 'NNN', int(-1), int(-1), int(0));
    const early = [unset, array(ints(2), 'h\x00', '\x89', data), 'h\x00', order, 'b0'];
    expect(messageOf(...early)).to.match(/^expected a dtype that is left as it was, got numpy.dtype\(/);
    const items = kept(bytesOfParts('](', data, data, 'e'));
    const objects = [items, array(ints(2), dtype('O8', text('|')), '\x89', 'h\x00')];
    expect(open(...objects).node?.kind).to.equal('dict');
    expect(messageOf(...objects, 'h\x00', 'N', 'a0')).to.match(
      /^expected a list that is left as it was, got \[/,
    );
  });

  it('refuses arrays of other kinds, and says what makes plain ones', () => {
    const masked = tuple('cnumpy.ma\nMaskedArray\n', 'cnumpy\nndarray\n', ints(0), text('b'));
    const maskedState = tuple(int(1), ints(1), F4, '\x89C\x04\0\0\0\0C\x01\0N');
    expect(reasonOf('cnumpy.ma.core\n_mareconstruct\n', masked, 'R', maskedState, 'b')).to.equal(
      'a masked array, of which x.data is the plain one without its mask',
    );
    const arguments_ = tuple('cnumpy\nndarray\n', ints(0), text('b'));
    const state = tuple(int(1), ints(1), F4, '\x89C\x04\0\0\0\0');
    const jax = tuple('cnumpy._core.multiarray\n_reconstruct\n', arguments_, state, tuple('\x88\x88'));
    expect(reasonOf('cjax._src.array\n_reconstruct_array\n', jax, 'R')).to.equal(
      'an array of JAX, of which numpy.asarray(x) makes a plain one',
    );
    const plain = 'an array.array, of which numpy.array(x) makes a plain one';
    const [typeCode, data] = [text('f'), bytes(floats(1, 2))];
    const rebuilt = tuple('carray\narray\n', typeCode, int(14), data);
    expect(reasonOf('carray\n_array_reconstructor\n', rebuilt, 'R')).to.equal(plain);
    const list = bytesOfParts('](G', '\0'.repeat(8), 'e');
    expect(reasonOf('carray\narray\n', tuple(typeCode, list), 'R')).to.equal(plain);
  });

  it('refuses raw bytes, as bfloat16 is where ml_dtypes is not imported, and records', () => {
    const raw = dtype('V2', text('|'));
    expect(reasonOf(array(ints(2), raw, '\x89', 'C\x04\0\0\0\0'))).to.match(
      /^an array of raw bytes, as ml_dtypes/,
    );
    const fields = bytesOfParts('}', text('a'), tuple(F4, int(0)), 's');
    const state = tuple(int(3), text('|'), 'N', tuple(text('a')), fields, int(4), int(1), int(16));
    const record = bytesOfParts('cnumpy\ndtype\n', tuple(text('V4'), '\x89\x88'), 'R', state, 'b');
    expect(reasonOf(array(ints(1), record, '\x89', 'C\x04\0\0\0\0'))).to.match(
      /^an array of records of named fields/,
    );
  });

  it('passes over texts and dates', () => {
    for (const name of ['S4', 'U1', 'M8', 'm8'])
      expect(reasonOf(array(ints(1), dtype(name, text('|')), '\x89', 'C\x04\0\0\0\0'))).to.equal('other');
  });
});
