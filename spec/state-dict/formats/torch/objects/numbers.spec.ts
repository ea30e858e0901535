import { expect } from 'chai';
import type { PickleList, PickleValue } from '../../../../../src/state-dict/formats/pickle/values.js';
import { NumberLists } from '../../../../../src/state-dict/formats/torch/objects/numbers.js';
import { workFor } from '../../../support.js';

/** A list that counts how often its items are asked for. */
class CountedList implements PickleList {
  readonly kind = 'list';
  reads = 0;

  constructor(private readonly own: PickleValue[]) {}

  get items(): PickleValue[] {
    this.reads++;
    return this.own;
  }
}

/** Lists of two, each the pair of the one before, and the numbers in the first. */
function doubled(levels: number, ...numbers: readonly number[]): CountedList[] {
  const lists = [new CountedList([...numbers])];
  while (lists.length <= levels) lists.push(new CountedList([lists.at(-1)!, lists.at(-1)!]));
  return lists;
}

describe('NumberLists', () => {
  it('copies a list that others share as often as they do, in row-major order', () => {
    const lists = doubled(3, 1, 2, 3);
    const node = new NumberLists(workFor(0)).nodeOf(lists[3])!;
    expect(node.tensor).to.deep.equal({ shape: [2, 2, 2, 3], dtype: 'F32' });
    expect([...node.read()]).to.deep.equal(Array(8).fill([1, 2, 3]).flat());
  });

  it('reads the items of each list once, however often and in however many tensors it is', () => {
    const lists = doubled(20, 1);
    const work = workFor(0);
    const numbers = new NumberLists(work);
    const nodes = [lists[20], lists[19], lists[20], lists[20]].map((list) => numbers.nodeOf(list)!);
    const looked = lists.map(({ reads }) => reads);
    const before = work.steps;
    const [first, half, ...again] = nodes.map((node) => node.read() as Float32Array);
    expect(lists.map(({ reads }, i) => reads - looked[i])).to.deep.equal(lists.map(() => 1));
    expect(work.steps - before).to.be.within(20, 20 + 4 * 2 ** 10 + 4);
    for (const data of [first, ...again])
      expect(data.every((value) => value === 1) && data.length).to.equal(2 ** 20);
    expect(half).to.have.length(2 ** 19);
    expect(new Set([first, ...again].map(({ buffer }) => buffer)).size).to.equal(3);
  });
});
