import { expect } from 'chai';
import { NUMBERS } from '../../../src/program/ops/calls/numbers.js';
import { findOp } from '../../../src/program/ops/table.js';
import { remedyFor } from '../../../src/program/run/remedies.js';
import { fixtureBytes } from '../../support/node/files.js';

/** Targets of programs before and after torch's default decompositions: scripts/fixtures/make_decompositions.py. */
const FOUND: Readonly<
  Record<string, { readonly before: readonly string[]; readonly after: readonly string[] }>
> = JSON.parse(new TextDecoder().decode(fixtureBytes('program/decompositions.json')));

const isMissing = (target: string) =>
  target !== 'getitem' && !findOp(target) && !NUMBERS.has(`_operator.${target}`);

describe('what to do about ops that are missing', () => {
  for (const [name, { before, after }] of Object.entries(FOUND)) {
    const left = after.filter(isMissing);
    it(`is run_decompositions() for ${name} only where that leaves nothing missing`, () => {
      const remedy = remedyFor(before.filter(isMissing), true);
      if (left.length > 0) expect(remedy).not.to.include('run_decompositions');
    });
  }

  it('is one for each kind, and none that changes gradients', () => {
    const targets = [
      'aten.vander.default',
      'higher_order.cond',
      'higher_order.while_loop',
      'a.b.default',
      'a.c.default',
    ];
    const remedy =
      'In place of higher_order.cond compute both branches in the model and choose with torch.where, or take the branch out of the model. ' +
      'In place of higher_order.while_loop export one step as the program, and write the loop in JavaScript. ' +
      'registerOp teaches a.b.default, a.c.default, or change the model so that it does without';
    expect(remedyFor(targets, true)).to.equal(
      'Save torch_rnn_export.export(...).run_decompositions(), which writes aten.vander.default in other ops and keeps recurrent layers whole. ' +
        remedy,
    );
    expect(remedyFor(targets, false)).not.to.include('run_decompositions');
  });
});
