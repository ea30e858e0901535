import { expect } from 'chai';
import { asKind } from '../../../../../src/state-dict/formats/pickle/values.js';
import { plainAttributes } from '../../../../../src/state-dict/formats/torch/objects/attributes.js';
import { errorOf, openedFile } from '../../../support.js';
import { bytesOfParts, int, type Part, read, text, tuple } from '../../pickle/support.js';

const FLOAT_HALF = bytesOfParts('G', Uint8Array.of(0x3f, 0xe0, 0, 0, 0, 0, 0, 0));
const FLOAT_NAN = bytesOfParts('G', Uint8Array.of(0x7f, 0xf8, 0, 0, 0, 0, 0, 0));
const LONG = bytesOfParts('\x8a\x09', new Uint8Array(8), Uint8Array.of(1));

/** The plain attributes of the dict that the parts push. */
function plain(...parts: readonly Part[]) {
  const attributes = asKind(read(...parts).root, 'dict')?.entries ?? new Map();
  return Object.fromEntries(plainAttributes(attributes, openedFile(100_000).work));
}

const dict = (entries: Readonly<Record<string, Part>>): Part =>
  bytesOfParts('}(', ...Object.entries(entries).flatMap(([key, value]) => [text(key), value]), 'u');

describe('plainAttributes', () => {
  it('keeps None, booleans, numbers, text, and tuples and lists of numbers', () => {
    const attributes = {
      padding_idx: 'N',
      bias: '\x88',
      hidden_size: int(3),
      dropout: FLOAT_HALF,
      mode: text('GRU'),
      stride: tuple(int(2), FLOAT_HALF),
      sizes: bytesOfParts('](', int(4), 'e'),
      nothing: ')',
      ' odd\n': int(1),
    };
    expect(plain(dict(attributes))).to.deep.equal({
      padding_idx: null,
      bias: true,
      hidden_size: 3,
      dropout: 0.5,
      mode: 'GRU',
      stride: [2, 0.5],
      sizes: [4],
      nothing: [],
      ' odd\n': 1,
    });
  });

  it('leaves out what is not plain: objects, tuples of others, long ints, NaN, and the names of torch', () => {
    const attributes = {
      _flat_weights: int(1),
      _parameters: '}',
      training: '\x88',
      hook: 'cmy\nHook\n)R',
      hooks: 'ccollections\nOrderedDict\n)R',
      global: 'cos\nsystem\n',
      names: tuple(text('a')),
      nested: tuple(tuple(int(1))),
      flags: tuple('\x88'),
      long: LONG,
      nan: FLOAT_NAN,
      many: bytesOfParts('(', 'K\x01'.repeat(65), 't'),
    };
    expect(plain(dict(attributes))).to.deep.equal({});
    expect(plain('}(', int(3), int(4), 'N', int(4), 'u')).to.deep.equal({});
  });

  it('takes the names of properties of every object as they are', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty'];
    expect(plain(dict(Object.fromEntries(names.map((name) => [name, int(1)]))))).to.have.all.keys(names);
  });

  it('leaves out a list that holds its module', () => {
    expect(plain(']q\x010}q\x02(', text('ring'), 'h\x01', text('self'), 'h\x02uh\x01h\x02a0')).to.deep.equal(
      {},
    );
  });

  it('is work that the file may ask for only as often as its size allows', () => {
    const attributes = new Map([
      ['stride', { kind: 'tuple', items: new Array<number>(64).fill(1) } as const],
    ]);
    const { work } = openedFile(0);
    const run = () => {
      for (let i = 0; i < 10_000; i++) plainAttributes(attributes, work);
    };
    expect(errorOf(run)).to.include({ code: 'TOO_LARGE' });
  });
});
