import { expect } from 'chai';
import { nodesReaching } from '../../../src/state-dict/formats/reach.js';

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
      ),
    ].sort();

  it('are the goals and all nodes with a way to one, through cycles too', () => {
    expect(reaching('d')).to.deep.equal(['a', 'b', 'd']);
    expect(reaching('e')).to.deep.equal(['a', 'b', 'c', 'e']);
    expect(reaching('a')).to.deep.equal(['a', 'b']);
  });

  it('are none without a goal, and none that the root does not lead to', () => {
    expect(reaching()).to.deep.equal([]);
    expect(reaching('lost')).to.deep.equal([]);
  });
});
