import { expect } from 'chai';
import * as api from '../src/index.js';

describe('the public exports', () => {
  it('are these and no others', () => {
    expect(Object.keys(api).sort()).to.deep.equal([
      'FormatError',
      'GRU',
      'StateDictError',
      'UnsupportedError',
      'formatCodes',
      'gru',
      'loadStateDict',
      'parseSafetensorsMetadata',
      'parseStateDict',
      'readStateDict',
      'toFloat32Array',
      'toStateDict',
      'writeSafetensors',
    ]);
  });
});
