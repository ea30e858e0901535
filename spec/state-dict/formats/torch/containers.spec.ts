import { expect } from 'chai';
import type { PickleValue } from '../../../../src/state-dict/formats/pickle/values.js';
import { contentOf, moduleDicts } from '../../../../src/state-dict/formats/torch/containers.js';
import { errorOf } from '../../support.js';
import { type Part, rootOf, text } from '../pickle/support.js';

/** Kind of a content, and its keys or items. */
function contentIn(...parts: readonly Part[]): unknown {
  const content = contentOf(rootOf(...parts));
  return content && [content.kind, ...(content.kind === 'entries' ? content.source.keys() : content.source)];
}

const AB = ['](', text('a'), text('b'), 'e'] as const;
const PAIRS = ['(', ...['a', 'b'].flatMap((key) => ['](', text(key), 'Ne']), 'l'] as const;
const SET_C = [text('c'), 'Ns'] as const;

describe('contentOf', () => {
  it('is that of dicts, lists, tuples and sets', () => {
    expect(contentIn('}', ...SET_C)).to.deep.equal(['entries', 'c']);
    expect(contentIn(...AB)).to.deep.equal(['items', 'a', 'b']);
    expect(contentIn('(K\x01t')).to.deep.equal(['items', 1]);
    expect(contentIn('(K\x01\x91')).to.deep.equal(['items', 1]);
    expect(contentIn('N')).to.equal(undefined);
    expect(contentIn(text('a'))).to.equal(undefined);
    expect(contentIn('cmy\nClass\n')).to.equal(undefined);
  });

  it('is that of the classes of dicts, set by key or made of a dict or of pairs', () => {
    for (const name of ['collections\nOrderedDict', 'collections\nCounter', '__builtin__\ndict']) {
      expect(contentIn(`c${name}\n)R`)).to.deep.equal(['entries']);
      expect(contentIn(`c${name}\n)R`, ...SET_C)).to.deep.equal(['entries', 'c']);
      expect(contentIn(`c${name}\n}`, ...SET_C, '\x85R')).to.deep.equal(['entries', 'c']);
    }
    expect(contentIn('ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R', ...SET_C)).to.deep.equal([
      'entries',
      'c',
    ]);
    const content = contentOf(rootOf('ccollections\nOrderedDict\n', ...PAIRS, '\x85R'))!;
    expect(content.kind).to.equal('pairs');
  });

  it('is that of the classes of lists and sets, appended or made of a list', () => {
    for (const name of ['__builtin__\nset', 'builtins\nfrozenset', 'collections\ndeque']) {
      expect(contentIn(`c${name}\n)R`)).to.deep.equal(['items']);
      expect(contentIn(`c${name}\n`, ...AB, '\x85R')).to.deep.equal(['items', 'a', 'b']);
    }
    expect(contentIn('ccollections\ndeque\n)K\x03\x86R', text('a'), 'a')).to.deep.equal(['items', 'a']);
  });

  it('is refused where a container is filled twice', () => {
    const dict = errorOf(() => contentIn('ccollections\nCounter\n}', ...SET_C, '\x85R', ...SET_C));
    expect(dict).to.include({ code: 'INVALID_CHECKPOINT' });
    expect(dict.message).to.match(
      /expected a container filled when it is made, or later, got collections.Counter/,
    );
    expect(errorOf(() => contentIn('cbuiltins\nset\n', ...AB, '\x85RNa')).message).to.match(/filled/);
  });

  it('does not follow lists made of lists made of lists, or dicts', () => {
    for (const name of ['builtins\nlist', 'builtins\ndict']) {
      const made = [`c${name}\nq\x010)`, ...Array(10_000).fill('\x85q\x020h\x01h\x02R')];
      expect(errorOf(() => contentIn(...made)).message).to.match(
        /expected a container made in a way that is known/,
      );
    }
  });

  it('is that of dicts made of tuples, of each other, and of what a defaultdict is given', () => {
    const pair = ['(', text('a'), 'K\x01\x86t'];
    for (const made of [
      ['ccollections\nOrderedDict\n', ...pair, '\x85R'],
      ['ccollections\nOrderedDict\nccollections\nOrderedDict\n', ...pair, '\x85R\x85R'],
    ]) {
      expect(contentOf(rootOf(...made))).to.deep.equal({
        kind: 'pairs',
        source: [{ kind: 'tuple', items: ['a', 1] }],
      });
    }
    const factory = 'ccollections\ndefaultdict\ncbuiltins\nlist\n';
    expect(contentIn(factory, '}', ...SET_C, '\x86R')).to.deep.equal(['entries', 'c']);
    expect(contentIn('ccollections\nOrderedDict\n)\x85R')).to.deep.equal(['entries']);
  });

  it('is refused where it is not known what Python would hold', () => {
    for (const made of [
      ['ccollections\nOrderedDict\nK\x01\x85R'],
      ['ccollections\nOrderedDict\n', ...PAIRS, 'K\x01\x86R'],
      ['ccollections\nOrderedDict\n)}', ...SET_C, '\x92'],
      ['ccollections\nCounter\n', ...AB, '\x85R'],
      ['cbuiltins\nlist\n', text('ab'), '\x85R'],
      ['ccollections\ndeque\n', ...AB, 'K\x01\x86R'],
    ]) {
      const error = errorOf(() => contentIn(...made));
      expect(error).to.include({ code: 'INVALID_CHECKPOINT' });
      expect(error.message).to.match(/expected a container made in a way that is known, got /);
    }
  });

  it('is looked for once in what many calls are given', () => {
    const pairs = ['(', ...Array(2000).fill('NN\x86'), 't'];
    const calls = Array(20_000).fill('h\x01h\x02\x85R');
    const made = ['ccollections\nOrderedDict\nq\x010', ...pairs, 'q\x020', '(', ...calls, 'l'];
    const list = rootOf(...made);
    expect(contentOf(list)?.source).to.have.length(20_000);
    for (const call of contentOf(list)!.source as readonly PickleValue[])
      expect(contentOf(call)?.kind).to.equal('pairs');
  });

  it('is refused where what a call was given is changed after the call, or attributes after they were set', () => {
    const dict = ['}q\x01', ...SET_C];
    for (const [rule, ...made] of [
      ['arguments that stay', ...dict, '0ccollections\nOrderedDict\nh\x01\x85Rh\x01', text('d'), 'Ns0'],
      ['arguments that stay', ']q\x010cbuiltins\nlist\nh\x01\x85Rh\x01Na0'],
      ['attributes that stay', 'cmy\nClass\n)\x81', ...dict, 'bh\x01', text('d'), 'Ns0'],
      [
        'a container made in a way that is known',
        '](](',
        text('a'),
        'Neq\x01eccollections\nOrderedDict\nq\x020q\x03h\x01K\x01a00h\x02h\x03\x85R',
      ],
    ] as const) {
      expect(errorOf(() => contentIn(...made)).message, rule).to.include(`expected ${rule}`);
    }
  });

  it('is that of the attributes of objects, which of a dict or list are not the content', () => {
    expect(contentIn('cmy\nClass\n)\x81}', ...SET_C, 'b')).to.deep.equal(['entries', 'c']);
    expect(contentIn('cmy\nClass\n)\x81N}', ...SET_C, '\x86b')).to.deep.equal(['entries', 'c']);
    expect(contentIn('cmy\nClass\n)\x81}', ...SET_C, '}\x86b')).to.deep.equal(['entries', 'c']);
    expect(contentIn('cmy\nDict\n)\x81', ...SET_C, '}', text('_metadata'), 'Nsb')).to.deep.equal([
      'entries',
      'c',
    ]);
    expect(contentIn('ccollections\nOrderedDict\n)R', ...SET_C, '}', text('_metadata'), 'Nsb')).to.deep.equal(
      ['entries', 'c'],
    );
    expect(contentIn('cmy\nList\n)\x81', text('a'), 'a')).to.deep.equal(['items', 'a']);
    expect(contentIn('cmy\nClass\n)\x81')).to.equal(undefined);
    expect(contentIn('cmy\nClass\n)\x81K\x01b')).to.equal(undefined);
  });
});

describe('moduleDicts', () => {
  const attributes = (...names: readonly string[]): Part[] => [
    '}(',
    ...names.flatMap((name) => [text(name), '}']),
    'u',
  ];

  it('are those of an object with all three, whatever its class', () => {
    const state = attributes('training', '_parameters', '_buffers', '_modules');
    expect(moduleDicts(rootOf('cmy\nNet\n)\x81', ...state, 'b'))).to.have.length(3);
    expect(moduleDicts(rootOf('cmy\nNet\n)\x81', ...attributes('_parameters', '_buffers'), 'b'))).to.equal(
      undefined,
    );
    expect(moduleDicts(rootOf(...state))).to.equal(undefined);
  });

  it('may be OrderedDicts, as old versions had them', () => {
    const state = ['_parameters', '_buffers', '_modules'].flatMap((name) => [
      text(name),
      'ccollections\nOrderedDict\n)R',
    ]);
    expect(moduleDicts(rootOf('cmy\nNet\n)\x81}(', ...state, 'ub'))).to.have.length(3);
  });
});
