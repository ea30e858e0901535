import { expect } from 'chai';
import { byNearness, naturalOrder } from '../../../src/matching/hints/natural-order.js';

describe('naturalOrder', () => {
  it('orders numbers as numbers, wherever they stand', () => {
    const paths = ['rnns.10', 'rnns.2', 'b', 'rnns.2.l10', 'rnns.2.l9', 'a', 'rnns'];
    expect([...paths].sort(naturalOrder)).to.deep.equal([
      'a',
      'b',
      'rnns',
      'rnns.2',
      'rnns.2.l9',
      'rnns.2.l10',
      'rnns.10',
    ]);
  });

  it('tells names apart whose numbers are equal', () => {
    expect(['a.01', 'a.1'].sort(naturalOrder)).to.deep.equal(['a.01', 'a.1']);
    expect(naturalOrder('a.1', 'a.1')).to.equal(0);
  });
});

describe('byNearness', () => {
  it('puts what is inside the path first, then what shares most of it', () => {
    const paths = ['other.rnn', 'block10.rnn.a', 'block1.gru', 'block1.rnn.b', 'block1.rnn.a'];
    expect(byNearness(paths, 'block1.rnn')).to.deep.equal([
      'block1.rnn.a',
      'block1.rnn.b',
      'block1.gru',
      'block10.rnn.a',
      'other.rnn',
    ]);
    expect(byNearness(['l.10', 'l.9'], '')).to.deep.equal(['l.9', 'l.10']);
  });
});
