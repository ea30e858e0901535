import { expect } from 'chai';
import { identifierMaker } from '../../../src/cli/inspect/syntax.js';

const all = (...paths: string[]) => paths.map(identifierMaker());

describe('identifierMaker', () => {
  it('makes camel case of a module path', () => {
    expect(all('encoder.gru', 'tok_emb', '', 'layers.0.fc', '0.1', 'größe')).to.deep.equal([
      'encoderGru',
      'tokEmb',
      'layer',
      'layers0Fc',
      'layer01',
      'grE',
    ]);
  });

  it('gives no name twice, and none that means something already', () => {
    expect(all('a.b', 'a_b', 'a-b', 'aB2')).to.deep.equal(['aB', 'aB2', 'aB3', 'aB22']);
    expect(all('class', 'tf', 'stateDict', 'await', 'NaN')).to.deep.equal([
      'class2',
      'tf2',
      'stateDict2',
      'await2',
      'naN',
    ]);
  });

  it('takes time in proportion to the paths: 50,000 that come to one name', () => {
    const identifier = identifierMaker();
    const names = new Set(Array.from({ length: 50_000 }, (_, i) => identifier('.'.repeat(i % 7))));
    expect(names).to.have.length(50_000);
  }).timeout(10_000);
});
