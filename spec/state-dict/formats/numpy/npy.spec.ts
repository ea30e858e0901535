import { expect } from 'chai';
import { openNpy } from '../../../../src/state-dict/formats/numpy/npy.js';
import type { ReadingRequest } from '../../../../src/state-dict/reading/reading.js';
import { opened, readAll } from '../zip/support.js';
import { described, EXPECTED, npyDict, npyFile, numpyFixture } from './support.js';

describe('openNpy', () => {
  it('reads each version that numpy writes, as the tensor arr_0', () => {
    for (const version of [1, 2, 3]) {
      const file = numpyFixture(`version${version}.npy`);
      const { root, ...rest } = readAll(openNpy(opened(file)), file);
      expect(rest).to.deep.equal({ format: 'npy', unknownGlobals: [], warnings: [] });
      expect([...root.keys()]).to.deep.equal(['arr_0']);
      expect(described(root.get('arr_0'), file)).to.deep.equal(EXPECTED['arrays.npz'].fortran);
    }
    const unnamed = numpyFixture('unnamed.npy');
    expect(described(readAll(openNpy(opened(unnamed)), unnamed).root.get('arr_0'), unnamed)).to.deep.equal(
      EXPECTED['arrays.npz'].matrix,
    );
  });

  it('asks for the header alone, and only where it is longer than the first bytes', () => {
    for (const [padding, requests] of [
      [0, 0],
      [5000, 1],
    ]) {
      const file = npyFile(npyDict('<f4', '(1000,)') + ' '.repeat(padding), 4000);
      const seen: ReadingRequest[] = [];
      readAll(openNpy(opened(file)), file, seen);
      expect(seen).to.have.length(requests);
      for (const request of seen) {
        if (request.kind === 'read') expect(request.ranges[0].end).to.be.at.most(file.length - 4000);
      }
    }
  });

  it('is a refused tensor where the array is none', () => {
    const file = npyFile(npyDict('<M8[s]', '(1,)'), 8);
    const node = readAll(openNpy(opened(file)), file).root.get('arr_0');
    expect(node).to.have.property('kind', 'refused');
  });
});
