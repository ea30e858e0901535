import { expect } from 'chai';
import { strToU8 } from 'fflate';
import { FormatError } from '../../../src/index.js';
import { assemble, countLeaves, leafPaths, readTree, type Tree } from '../../../src/program/graph/tree.js';
import { Cursor } from '../../../src/state-dict/formats/program/cursor.js';
import { readJson } from '../../../src/state-dict/formats/program/json.js';
import { workFor } from '../../state-dict/support.js';

const LEAF = { type: null, context: null, children_spec: [] };
const node = (type: string, context: string, ...children: object[]) => ({
  type,
  context,
  children_spec: children,
});

function parse(text: Cursor): Cursor {
  const bytes = strToU8(text.string());
  return new Cursor(readJson(bytes, 'tree', workFor(bytes.length)), 'tree');
}

function treeOf(root: object, version = 1, work = workFor(0)): Tree {
  const text = new Cursor(JSON.stringify([version, root]), 'tree');
  return readTree(text, parse, (name) => (name === 'my.Pair' ? ['first', 'second'] : undefined), work);
}

const valuesOf = (tree: Tree) => assemble(tree, ['a', 'b', 'c', 'd'].values());

describe('trees of arguments and results', () => {
  for (const [what, root, paths, values] of [
    ['a leaf', LEAF, [''], 'a'],
    ['a tuple', node('builtins.tuple', 'null', LEAF, LEAF), ['0', '1'], ['a', 'b']],
    [
      'a list in a list',
      node('builtins.list', 'null', node('builtins.list', 'null', LEAF), LEAF),
      ['0.0', '1'],
      [['a'], 'b'],
    ],
    ['a dict', node('builtins.dict', '["k", "m"]', LEAF, LEAF), ['k', 'm'], { k: 'a', m: 'b' }],
    ['keys that are no strings', node('builtins.dict', '[1, 2]', LEAF, LEAF), ['1', '2'], { 1: 'a', 2: 'b' }],
    ['an ordered dict', node('collections.OrderedDict', '["k"]', LEAF), ['k'], { k: 'a' }],
    [
      'a dict with defaults',
      node('collections.defaultdict', '{"default_factory_module": "builtins", "dict_context": ["k"]}', LEAF),
      ['k'],
      { k: 'a' },
    ],
    [
      'a named tuple',
      node('collections.namedtuple', 'my.Pair', LEAF, LEAF),
      ['first', 'second'],
      { first: 'a', second: 'b' },
    ],
    ['a named tuple of an unknown class', node('collections.namedtuple', 'my.Other', LEAF), ['0'], ['a']],
    ['nothing', node('builtins.tuple', 'null'), [], []],
  ] as const)
    it(`have ${what}`, () => {
      const tree = treeOf(root);
      expect(leafPaths(tree)).to.deep.equal(paths);
      expect(countLeaves(tree)).to.equal(paths.length);
      expect(valuesOf(tree)).to.deep.equal(values);
    });

  it('have a key that is a property of every object as a member', () => {
    const value = valuesOf(treeOf(node('builtins.dict', '["__proto__"]', LEAF))) as object;
    expect(Object.keys(value)).to.deep.equal(['__proto__']);
    expect(Object.getPrototypeOf(value)).to.equal(Object.prototype);
  });

  it('take work for the keys on the path of each leaf', () => {
    const leaves = (count: number) => node('builtins.list', 'null', ...new Array(count).fill(LEAF));
    const key = 'k'.repeat(64_000);
    const stepsOf = (count: number) => {
      const work = workFor(0);
      treeOf(node('builtins.dict', JSON.stringify([key]), leaves(count)), 1, work);
      return work.steps;
    };
    expect(stepsOf(50)).to.be.within(50 * 1000, 50 * 1010);
    expect(() => stepsOf(80)).to.throw(FormatError, 'at most 65536 steps');
  });

  it('are refused with other keys than children, keys twice, and in another version', () => {
    expect(() => treeOf(node('builtins.dict', '["k"]', LEAF, LEAF))).to.throw(
      FormatError,
      'expected 2 different keys',
    );
    expect(() => treeOf(node('builtins.dict', '["k", "k"]', LEAF, LEAF))).to.throw(
      FormatError,
      'different keys',
    );
    expect(() => treeOf(node('builtins.dict', 'null', LEAF))).to.throw(FormatError, 'a list of keys');
    expect(() => treeOf(LEAF, 2)).to.throw(FormatError, 'a tree of version 1');
  });
});
