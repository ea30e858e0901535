import { expect } from 'chai';
import { contentOf, namedValues } from '../../../../../src/state-dict/formats/torch/objects/containers.js';
import { workFor } from '../../../support.js';
import { type Part, rootOf, text, tuple } from '../../pickle/support.js';

/** Kind of a content, and its keys or items. */
function contentIn(...parts: readonly Part[]): unknown {
  const content = contentOf(rootOf(...parts));
  return content && [content.kind, ...(content.kind === 'entries' ? content.source.keys() : content.source)];
}

function namesIn(...parts: readonly Part[]): readonly string[] | undefined {
  const content = contentOf(rootOf(...parts));
  const named = content && namedValues(content, workFor(0));
  return named && [...named.keys()];
}

const ORDERED = 'ccollections\nOrderedDict\n';
const AB = ['](', text('a'), text('b'), 'e'] as const;
const PAIRS = ['](', ...['a', 'b'].flatMap((key) => ['](', text(key), 'Ne']), 'e'] as const;
const SET_C = [text('c'), 'Ns'] as const;

describe('contentOf', () => {
  it('is that of dicts, lists and tuples', () => {
    expect(contentIn('}', ...SET_C)).to.deep.equal(['entries', 'c']);
    expect(contentIn(...AB)).to.deep.equal(['items', 'a', 'b']);
    expect(contentIn('(K\x01t')).to.deep.equal(['items', 1]);
  });

  it('is that of an OrderedDict or defaultdict set by key, without attributes such as _metadata', () => {
    const metadata = ['}', text('_metadata'), 'Nsb'];
    expect(contentIn(ORDERED, ')R')).to.deep.equal(['entries']);
    expect(contentIn(ORDERED, ')R', ...SET_C)).to.deep.equal(['entries', 'c']);
    expect(contentIn(ORDERED, ')R', ...SET_C, ...metadata)).to.deep.equal(['entries', 'c']);
    const made = 'ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R';
    expect(contentIn(made)).to.deep.equal(['entries']);
    expect(contentIn(made, ...SET_C)).to.deep.equal(['entries', 'c']);
  });

  it('is that of an OrderedDict made of a list of pairs, as Python 2 made it', () => {
    expect(contentOf(rootOf(ORDERED, ...PAIRS, '\x85R'))?.kind).to.equal('pairs');
    expect(namesIn(ORDERED, ...PAIRS, '\x85R')).to.deep.equal(['a', 'b']);
  });

  it('is not known of any other value', () => {
    const others: (readonly Part[])[] = [
      ['N'],
      [text('a')],
      ['cmy\nClass\n'],
      ['(K\x01\x91'],
      ['ccollections\nCounter\n}', ...SET_C, '\x85R'],
      ['ccollections\ndeque\n', ...AB, '\x85R'],
      ['c__builtin__\nset\n', ...AB, '\x85R'],
      ['cbuiltins\ndict\n}', ...SET_C, '\x85R'],
      ['cmy\nClass\n)\x81}', ...SET_C, 'b'],
      ['cmy\nDict\n)\x81', ...SET_C],
      ['cmy\nList\n)\x81', text('a'), 'a'],
    ];
    for (const other of others) expect(contentIn(...other)).to.equal(undefined);
  });

  it('is not known of an OrderedDict or defaultdict made in a way that Python does not write', () => {
    const others: (readonly Part[])[] = [
      [ORDERED, 'K\x01\x85R'],
      [ORDERED, '}', ...SET_C, '\x85R'],
      [ORDERED, ...PAIRS, 'K\x01\x86R'],
      [ORDERED, ...PAIRS, '\x85R', ...SET_C],
      [ORDERED, ')}', ...SET_C, '\x92'],
      [ORDERED, ')R', text('a'), 'a'],
      ['ccollections\ndefaultdict\ncbuiltins\nlist\n}', ...SET_C, '\x86R'],
    ];
    for (const other of others) expect(contentIn(...other)).to.equal(undefined);
  });

  it('is not known of an OrderedDict whose list of pairs was changed afterwards', () => {
    const made = [...PAIRS, 'q\x000', ORDERED, 'h\x00\x85R'];
    expect(contentOf(rootOf(...made))?.kind).to.equal('pairs');
    expect(contentOf(rootOf(...made, 'h\x00', tuple(text('c'), 'N'), 'a0'))).to.equal(undefined);
  });
});

describe('namedValues', () => {
  it('gives none where a pair is changed after the list has it', () => {
    const pairs = ['](](', text('a'), 'Neq\x00](', text('b'), 'Nee\x85R'];
    expect(namesIn(ORDERED, ...pairs)).to.deep.equal(['a', 'b']);
    expect(namesIn(ORDERED, ...pairs, 'h\x00Na0')).to.equal(undefined);
    const filled = ['](]q\x00](', text('b'), 'Neeh\x00(', text('a'), 'Ne0\x85R'];
    expect(namesIn(ORDERED, ...filled)).to.equal(undefined);
  });

  it('names items by their index, and values by keys that are a str or an int', () => {
    expect(namesIn(...AB)).to.deep.equal(['0', '1']);
    expect(namesIn('}(', text('w'), 'NK\x07NJ\xff\xff\xff\xffNu')).to.deep.equal(['w', '7', '-1']);
    expect(namesIn('}', text('__proto__'), 'Ns')).to.deep.equal(['__proto__']);
  });

  it('gives none where a key is of another type, or two keys have one name', () => {
    for (const key of ['N', '\x88', 'G\x3f\xf0\0\0\0\0\0\0', tuple('K\x01')])
      expect(namesIn('}', key, 'Ns')).to.equal(undefined);
    expect(namesIn('}(K\x00N', text('0'), 'Nu')).to.equal(undefined);
  });

  it('gives none where an item of an OrderedDict is not a pair', () => {
    expect(namesIn(ORDERED, ']N\x85a\x85R')).to.equal(undefined);
    expect(namesIn(ORDERED, ']Na\x85R')).to.equal(undefined);
  });
});
