import { expect } from 'chai';
import { checkCopies } from '../../../src/cli/convert/expansion.js';
import type { StateDict } from '../../../src/state-dict/tensors/tensor.js';
import { errorOf } from '../../state-dict/support.js';

/** So many names of the same bytes. */
function shared(count: number, bytes: number): StateDict {
  const data = new Uint8Array(bytes);
  return new Map(Array.from({ length: count }, (_, i) => [`w${i}`, { dtype: 'U8', shape: [bytes], data }]));
}

describe('checkCopies', () => {
  it('takes tied weights, and up to 256 MiB of what shares bytes', () => {
    expect(() => checkCopies(shared(16, 2 ** 24))).not.to.throw();
    const views = new Map([...shared(1, 2 ** 25), ...shared(1, 2 ** 25)]);
    expect(() => checkCopies(views)).not.to.throw();
  });

  it('refuses what would become sixteen times its bytes', () => {
    const error = errorOf(() => checkCopies(shared(17, 2 ** 24)));
    expect(error).to.be.instanceOf(RangeError);
    expect(error.message).to.equal(
      'convert: OUT: expected at most 268435456 bytes of tensors that share 16777216, got 285212672. ' +
        'Take a part with --select',
    );
  });
});
