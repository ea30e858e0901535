import { expect } from 'chai';
import { UnsupportedError } from '../../../src/errors.js';
import { errorOf, expectSameBits, utf8 } from '../support.js';
import { expectedOf, openBytes, tensorsIn, torchFile } from './support.js';

const FILES = [
  'state_dict.pt',
  'dtypes.pt',
  'views.pt',
  'parameters.pt',
  'checkpoint.pt',
  'protocol4.pt',
  'legacy.pt',
  'legacy_dtypes.pt',
  'legacy_views.pt',
  'lightning.ckpt',
  'tensor.pt',
  'list.pt',
  'refused.pt',
  'big_endian.pt',
];

describe('openTorch', () => {
  for (const name of FILES) {
    it(`finds in ${name} the tensors that torch does, bit for bit`, () => {
      const bytes = torchFile(name);
      const checkpoint = openBytes(bytes);
      expectSameBits(tensorsIn(checkpoint.root, bytes), expectedOf(name.replace(/\.\w+$/, '')));
      expect(checkpoint.format).to.equal('torch');
    });
  }

  it('refuses the tar archives of the oldest versions, and says how to write them anew', () => {
    const tar = new Uint8Array(1024);
    tar.set(utf8('ustar'), 257);
    const error = errorOf(() => openBytes(tar));
    expect(error).to.be.instanceOf(UnsupportedError);
    expect(error.message).to.equal(
      'torch: file: expected a zip archive or pickles, ' +
        'got a tar archive, as torch.save wrote before version 0.1.10. ' +
        'Save it anew in Python: torch.save(torch.load("old.pt", weights_only=False), "new.pt")',
    );
  });

  it('refuses files of no bytes', () => {
    expect(errorOf(() => openBytes(new Uint8Array(0)))).to.have.property('code', 'TRUNCATED_PICKLE');
  });
});
