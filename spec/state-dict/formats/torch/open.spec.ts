import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { errorOf, expectSameBits } from '../../support.js';
import { text } from '../pickle/support.js';
import {
  expectedOf,
  floats,
  ints,
  openBytes,
  pickledDict,
  storagePart,
  tensorPart,
  tensorsIn,
  torchFile,
  torchZip,
} from './support.js';

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
      const expected = expectedOf(name.replace(/\.\w+$/, ''));
      // An attribute of a class that is not known: refused where it is asked for.
      expected.delete('hyper_parameters.config.init');
      expectSameBits(tensorsIn(checkpoint.root, bytes), expected);
      expect(checkpoint.format).to.equal('torch');
    });
  }

  it('reads the tensors of a hostile file, and names what it would have run', () => {
    const run = ['cos\nsystem\n', text('touch canary'), '\x85R'];
    const reach = ['cpkgutil\nresolve_name\n', text('os:system'), '\x85R', text('id'), '\x85R'];
    const pickle = pickledDict({
      a: run,
      w: [tensorPart(storagePart('FloatStorage', '0', 2), 0, ints(2), ints(1))],
      b: reach,
      c: [...run, '0N'],
    });
    const file = torchZip(pickle, { 'data/0': floats(1, 2) });
    const { root, unknownGlobals } = openBytes(file);
    expect([...tensorsIn(root, file).keys()]).to.deep.equal(['w']);
    expect(unknownGlobals).to.deep.equal(['os.system', 'pkgutil.resolve_name']);
    expect(root.get('a')).to.include({
      kind: 'other',
      text: 'os.system("touch canary")',
    });
    expect(root.get('b')).to.include({
      kind: 'other',
      text: 'pkgutil.resolve_name("os:system")("id")',
    });
    expect(existsSync('canary')).to.equal(false);
  });

  it('refuses files of no bytes', () => {
    expect(errorOf(() => openBytes(new Uint8Array(0)))).to.include({
      code: 'TRUNCATED',
      message: 'pickle: file byte 0: expected more bytes, got the end after 0',
    });
  });
});
