import { expect } from 'chai';
import { nodesReaching } from '../../../src/state-dict/formats/reach.js';
import { errorOf, workFor } from '../support.js';

describe('nodesReaching', () => {
  const graph: Record<string, string[]> = {
    a: ['b', 'c'],
    b: ['a', 'd'],
    c: ['e'],
    d: ['d'],
    e: [],
    lost: ['d'],
  };
  const reaching = (...goals: string[]) =>
    [
      ...nodesReaching(
        'a',
        (node) => graph[node],
        (node) => goals.includes(node),
        workFor(0),
      ),
    ].sort();

  it('are the goals and all nodes with a way to one, through cycles too', () => {
    expect(reaching('d')).to.deep.equal(['a', 'b', 'd']);
    expect(reaching('e')).to.deep.equal(['a', 'b', 'c', 'e']);
    expect(reaching('a')).to.deep.equal(['a', 'b']);
  });

  it('take a step for each node and edge, however many ways lead to one', () => {
    const work = workFor(0);
    const shared = Array.from({ length: 100 }, (_, i) => i);
    nodesReaching(
      -1,
      (node) => (node < 0 ? shared : node < 99 ? [node + 1, 99] : []),
      (node) => node === 99,
      work,
    );
    expect(work.steps).to.equal(101 + 100 + 2 * 99);
    const endless = (node: number) => [node + 1];
    expect(errorOf(() => nodesReaching(0, endless, () => false, workFor(0))).code).to.equal('TOO_LARGE');
  });

  it('are none without a goal, and none that the root does not lead to', () => {
    expect(reaching()).to.deep.equal([]);
    expect(reaching('lost')).to.deep.equal([]);
  });
});
