import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../src/index.js';
import { describeEachBackend } from '../../support/backends.js';
import { expectTensors, Oracle, readProgram, tensorsIn } from '../../support/programs.js';
import { tidied } from '../../support/tidied.js';

describeEachBackend('a program that writes through a view of a buffer', () => {
  it('is refused as it is, with the line of Python and what to save in its place', async () => {
    const error = await readProgram('cache').catch((caught) => caught);
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.match(
      /copy_: aten\.copy_\.default \(make_program\.py:\d+: self\.rows\[0\]\.copy_\(x\.sum\(0\)\)\): expected a tensor that no other call sees, got "select", of which "b_rows" is a view or the whole\. Save exported\.run_decompositions\(\{\}\)/,
    );
  });

  it('runs decomposed, and keeps what it has written for the next call', async () => {
    const program = await readProgram('cache-decomposed');
    const oracle = new Oracle('cache');
    await tidied(async () => {
      const [x] = oracle.list('input') as [tf.Tensor];
      await expectTensors(tensorsIn(program.forward(x)), oracle.list('output'));
      await expectTensors(tensorsIn(program.forward(tf.clone(x))), oracle.list('again'));
    });
    program.dispose();
  });
});
