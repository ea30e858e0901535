import { expect } from 'chai';
import { deflateSync } from 'fflate';
import { openSaved, saveProgram } from '../../../src/program/layer/saved-program.js';
import { programJson, type StoredSpec } from '../../support/program-files.js';

const stored = (name: string, size: number): StoredSpec => ({
  ...{ kind: 'parameter', name, tensor: [`p_${name}`, [size]], values: [] },
});
const GRAPH = new TextEncoder().encode(
  JSON.stringify(
    programJson({
      stored: [stored('a', 2), stored('b', 2), stored('c', 3)],
      inputs: [['x', [2]]],
      calls: [],
      outputs: ['x'],
    }),
  ),
);

describe('a program in a configuration', () => {
  it('comes back with its ties, also of names that the graph does not read', () => {
    const ties = new Map([
      ['b', 'a'],
      ['elsewhere', 'a'],
    ]);
    const opened = openSaved('spec', saveProgram(GRAPH, ties));
    expect(opened.ties).to.deep.equal(ties);
    expect(opened.program.inputs).to.have.length(4);
  });

  it('is refused where tensors of other sizes are tied, or one that is not there', () => {
    for (const other of ['c', 'absent'])
      expect(() => openSaved('spec', saveProgram(GRAPH, new Map([['a', other]])))).to.throw(
        RangeError,
        `spec: ties: expected the numbers that getConfig() returns, got "a" with "${other}"`,
      );
  });

  it('is refused where its numbers are others, are cut, or become far more', () => {
    const { graph, ties } = saveProgram(GRAPH, new Map());
    const rule = 'spec: graph: expected the numbers that getConfig() returns, got others';
    const bomb = [...deflateSync(new Uint8Array(2 ** 28 + 2 ** 20), { level: 9 })];
    for (const numbers of [[1, 2, 3], graph.slice(0, -20), [], bomb])
      expect(() => openSaved('spec', { graph: numbers, ties })).to.throw(RangeError, rule);
    expect(() => openSaved('spec', { graph: 'text' as never, ties })).to.throw(TypeError, 'getConfig');
  });
});
