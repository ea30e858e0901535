import { expect } from 'chai';
import * as api from '../src/index.js';

describe('the public exports', () => {
  it('are these and no others', () => {
    expect(Object.keys(api).sort()).to.deep.equal([
      'BatchNorm',
      'Conv1d',
      'Conv2d',
      'ConvTranspose1d',
      'ConvTranspose2d',
      'FormatError',
      'GRU',
      'GRUCell',
      'GroupNorm',
      'InstanceNorm1d',
      'LSTM',
      'LSTMCell',
      'RNN',
      'RNNCell',
      'StateDictError',
      'UnsupportedError',
      'batchNorm',
      'conv1d',
      'conv2d',
      'convTranspose1d',
      'convTranspose2d',
      'describeKernels',
      'groupNorm',
      'gru',
      'gruCell',
      'instanceNorm1d',
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
