import { expect } from 'chai';
import { parseSignature } from '../../../src/program/ops/calls/schema.js';
import { FAMILIES, findOp, knownTargets } from '../../../src/program/ops/table.js';

/** Live PyTorch is asked for the same texts by `npm run test:program`. */
describe('the table of ops', () => {
  const texts = FAMILIES.flatMap((family) => Object.keys(family));

  it('reads every signature, each of another target', () => {
    const targets = texts.map((text) => parseSignature(text).target);
    const repeated = targets.filter((target, i) => targets.indexOf(target) !== i);
    expect(repeated).to.deep.equal([]);
    // Other specs register ops of their own.
    expect(knownTargets()).to.include.members(targets);
  });

  it('gives every parameter a type, and none a default that is unknown', () => {
    for (const text of texts)
      for (const { name, type, defaultValue } of parseSignature(text).parameters) {
        expect(type, `${text}: ${name}`).to.match(
          /^(Tensor|Scalar|SymInt|int|float|bool|str|ScalarType|Layout|Device|MemoryFormat|Generator)(\?)?(\[\])?$/,
        );
        if (defaultValue?.kind === 'constant' && typeof defaultValue.value === 'string')
          expect(type, `${text}: ${name}`).to.equal('str');
      }
  });

  it('runs a call in place, or into `out`, by the op of the same name', () => {
    expect(findOp('aten.relu_.default')).to.include({
      written: 'first',
      run: findOp('aten.relu.default')?.run,
    });
    expect(findOp('aten.relu.default')).to.include({ written: undefined });
    expect(findOp('aten.normal_.default')).to.include({ written: 'first' });
    const div = findOp('aten.div.Tensor')?.run;
    expect(findOp('aten.div.out')).to.include({ written: 'out', run: div });
    expect(findOp('aten.absent.out')).to.equal(undefined);
    expect(findOp('aten.absent_.default')).to.equal(undefined);
  });
});
