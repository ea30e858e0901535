import { expect } from 'chai';
import { assign } from '../../../src/matching/hints/assign.js';

function assigned(candidates: Record<string, string[]>) {
  const { certain, open } = assign(new Map(Object.entries(candidates)));
  return { certain: Object.fromEntries(certain), open: Object.fromEntries(open) };
}

describe('assign', () => {
  it('gives each layer its module where the shapes leave no choice', () => {
    expect(assigned({ a: ['x', 'y', 'z'], b: ['x'], c: ['x', 'y'] })).to.deep.equal({
      certain: { b: 'x', c: 'y', a: 'z' },
      open: {},
    });
  });

  it('leaves open what fits several, without what is certain for another', () => {
    expect(assigned({ a: ['x', 'y', 'z'], b: ['x', 'y', 'z'], c: ['x'] })).to.deep.equal({
      certain: { c: 'x' },
      open: { a: ['y', 'z'], b: ['y', 'z'] },
    });
    expect(assigned({ a: ['x', 'y'] })).to.deep.equal({ certain: {}, open: { a: ['x', 'y'] } });
  });

  it('leaves open which of two layers takes the only module', () => {
    expect(assigned({ a: ['x'], b: ['x'] })).to.deep.equal({ certain: {}, open: { a: ['x'], b: ['x'] } });
  });

  it('agrees with all ways to give distinct modules to the layers', () => {
    const names = ['x', 'y', 'z'];
    const sets = Array.from({ length: 7 }, (_, i) => names.filter((_, bit) => ((i + 1) >> bit) & 1));
    for (const a of sets)
      for (const b of sets)
        for (const c of sets) {
          const ways = a.flatMap((x) =>
            b.flatMap((y) => c.flatMap((z) => (new Set([x, y, z]).size === 3 ? [{ a: x, b: y, c: z }] : []))),
          );
          const { certain, open } = assigned({ a, b, c });
          if (ways.length === 1) expect(certain).to.deep.equal(ways[0]);
          if (ways.length > 1) expect(Object.keys(open)).to.not.deep.equal([]);
          for (const [layer, path] of Object.entries(certain))
            for (const way of ways) expect(way[layer as 'a']).to.equal(path);
        }
  });
});
