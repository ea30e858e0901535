import { expect } from 'chai';
import * as api from '../src/index.js';

describe('the public exports', () => {
  it('are these and no others', () => {
    expect(Object.keys(api).sort()).to.deep.equal([
      'FormatError',
      'GRU',
      'LSTM',
      'RNN',
      'StateDictError',
      'UnsupportedError',
      'formatCodes',
      'gru',
      'loadStateDict',
      'lstm',
      'parseSafetensorsMetadata',
      'parseStateDict',
      'readStateDict',
      'rnn',
      'toFloat32Array',
      'toStateDict',
      'writeSafetensors',
    ]);
  });
});
