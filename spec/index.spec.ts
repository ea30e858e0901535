import { expect } from 'chai';
import * as api from '../src/index.js';

describe('the public exports', () => {
  it('are these and no others', () => {
    expect(Object.keys(api).sort()).to.deep.equal([
      'FormatError',
      'GRU',
      'GRUCell',
      'LSTM',
      'LSTMCell',
      'RNN',
      'RNNCell',
      'StateDictError',
      'UnsupportedError',
      'describeKernels',
      'gru',
      'gruCell',
      'loadStateDict',
      'lstm',
      'lstmCell',
      'parseSafetensorsMetadata',
      'parseStateDict',
      'readStateDict',
      'rnn',
      'rnnCell',
      'saveSafetensors',
      'setThreads',
      'toFloat32Array',
      'toStateDict',
      'toTensor',
      'writeSafetensors',
    ]);
  });
});
