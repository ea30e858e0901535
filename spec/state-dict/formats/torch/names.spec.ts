import { expect } from 'chai';
import type { PickleValue } from '../../../../src/state-dict/formats/pickle/values.js';
import { namedContent } from '../../../../src/state-dict/formats/torch/names.js';
import { errorOf } from '../../support.js';
import { int, rootOf, text, tuple } from '../pickle/support.js';

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
  });

  it('refuses numbers that are one key to Python, of which the later value would replace the first', () => {
    const float = (text: string) => rootOf(`F${text}\n`);
    for (const keys of [
      [1, true],
      [0, false],
      [float('1'), 1],
      [float('1e300'), BigInt(1e300)],
      [float('-0'), 0],
      [float('1.5'), float('1.5')],
    ]) {
      const error = errorOf(() => namesOf(...keys));
      expect(error.code).to.equal('INVALID_CHECKPOINT');
      expect(error.message).to.match(/^torch: pickle: expected keys that differ to Python, got /);
    }
    expect(namesOf(2, true, float('1.5'), float('nan'), float('nan'))).to.have.length(5);
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
