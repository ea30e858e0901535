import { expect } from 'chai';
import { asKind, type PickleList } from '../../../../src/state-dict/formats/pickle/values.js';
import { TensorSearch } from '../../../../src/state-dict/formats/torch/tensor-search.js';
import { type Part, rootOf, tuple } from '../pickle/support.js';
import { ints, storagePart, tensorPart } from './support.js';

const TENSOR = tensorPart(storagePart('FloatStorage', '0', 1), 0, ints(1), ints(1));

describe('TensorSearch', () => {
  const holds = (inner: 0 | 1, ...parts: readonly Part[]) =>
    new TensorSearch().holds(asKind(rootOf(...parts), 'tuple'), inner);

  it('finds a tensor or a storage in a collection, and in one in it where it is to', () => {
    expect(holds(0, tuple('N', TENSOR))).to.equal(true);
    expect(holds(0, tuple(storagePart('FloatStorage', '0', 1)))).to.equal(true);
    for (const inner of [[tuple(TENSOR)], [']', TENSOR, 'a'], ['}K\x01', TENSOR, 's']]) {
      expect(holds(0, '(', ...inner, 't')).to.equal(false);
      expect(holds(1, '(', ...inner, 't')).to.equal(true);
    }
    expect(holds(1, tuple(tuple(tuple(TENSOR))))).to.equal(false);
    expect(holds(1, tuple('K\x01N'))).to.equal(false);
  });

  it('reaches a tensor through anything, rings included', () => {
    const reaches = (...parts: readonly Part[]) => new TensorSearch().reaches(rootOf(...parts));
    expect(reaches('cmy\nClass\n)\x81}K\x01]', TENSOR, 'asb')).to.equal(true);
    expect(reaches(']q\x01h\x01a')).to.equal(false);
    expect(reaches('K\x01')).to.equal(false);
  });

  it('takes what is too large to be looked through for weights', () => {
    const large: PickleList = { kind: 'list', items: Array.from({ length: 1_000_001 }, (_, i) => i) };
    expect(new TensorSearch().reaches(large)).to.equal(true);
    expect(new TensorSearch().reaches({ kind: 'list', items: large.items.slice(0, 1000) })).to.equal(false);
  });
});
