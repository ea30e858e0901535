import { expect } from 'chai';
import type { PickleValue } from '../../../src/state-dict/pickle/values.js';
import { namedContent } from '../../../src/state-dict/torch/names.js';
import { int, rootOf, text, tuple } from '../pickle/support.js';
import { errorOf } from '../support.js';

function namesOf(...keys: readonly PickleValue[]): string[] {
  const source = new Map(keys.map((key, i) => [key, i]));
  const named = namedContent({ kind: 'entries', source });
  expect([...named.values()]).to.deep.equal(keys.map((_, i) => i));
  return [...named.keys()];
}

describe('namedContent', () => {
  it('names items by their place', () => {
    expect([...namedContent({ kind: 'items', source: ['a', null] })]).to.deep.equal([
      ['0', 'a'],
      ['1', null],
    ]);
  });

  it('names other keys as Python prints them', () => {
    const pair = rootOf(tuple(int(1), text('b')));
    expect(namesOf('w', 0, -1n, true, null, pair)).to.deep.equal([
      'w',
      '0',
      '-1',
      'True',
      'None',
      '(1, "b")',
    ]);
  });

  it('leaves a name to the key that is text, and numbers the others', () => {
    expect(namesOf(0, '0')).to.deep.equal(['0 (2)', '0']);
    expect(namesOf('0', 0)).to.deep.equal(['0', '0 (2)']);
    expect(namesOf(0, '0', '0 (2)')).to.deep.equal(['0 (3)', '0', '0 (2)']);
    const [first, second] = [rootOf('F1\n'), rootOf('F1\n')];
    expect(namesOf(first, second)).to.deep.equal(['1.0', '1.0 (2)']);
  });

  it('numbers many keys of one text without going through the numbers again for each', () => {
    const keys = Array.from({ length: 50_000 }, () => rootOf(')'));
    expect(namesOf(...keys.slice(0, 3))).to.deep.equal(['()', '() (2)', '() (3)']);
    const source = new Map(keys.map((key) => [key, null]));
    expect(namedContent({ kind: 'entries', source }).size).to.equal(50_000);
  });

  it('takes pairs of lists and of tuples, and no others', () => {
    const pairs = [rootOf(']', text('a'), 'aNa'), rootOf(text('b'), 'N\x86')];
    expect([...namedContent({ kind: 'pairs', source: pairs }).keys()]).to.deep.equal(['a', 'b']);
    expect(errorOf(() => namedContent({ kind: 'pairs', source: [rootOf('N\x85')] }))).to.include({
      code: 'INVALID_CHECKPOINT',
      message: 'torch: pickle: expected a key and a value in each item of a dict, got (None,)',
    });
  });
});
