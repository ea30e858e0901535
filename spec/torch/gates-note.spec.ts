import { expect } from 'chai';
import { gatesNote } from '../../src/torch/gates-note.js';

describe('gatesNote', () => {
  it('says nothing of weights of the class itself, nor of transposed ones', () => {
    expect(gatesNote([9, 3], 3)).to.equal(undefined);
    expect(gatesNote([3, 9], 3)).to.equal(undefined);
    expect(gatesNote([5, 5], 1)).to.equal(undefined);
  });

  it('names the class that has as many blocks of rows', () => {
    expect(gatesNote([8, 2], 3)).to.equal(
      'weight_hh_l0 [8, 2] has 4 blocks of rows, as torch.nn.LSTM has; torch.nn.GRU has 3.',
    );
    expect(gatesNote([2, 2], 3)).to.equal(
      'weight_hh_l0 [2, 2] has 1 block of rows, as torch.nn.RNN has; torch.nn.GRU has 3.',
    );
  });

  it('speaks of cells where the weight is of one', () => {
    expect(gatesNote([8, 2], 1, 'weight_hh')).to.equal(
      'weight_hh [8, 2] has 4 blocks of rows, as torch.nn.LSTMCell has; torch.nn.RNNCell has 1.',
    );
    expect(gatesNote([7, 2], 4, 'weight_hh')).to.equal(
      'weight_hh has 7 rows, not a multiple of 4, the gates of torch.nn.LSTMCell.',
    );
  });

  it('reports rows that no class of these gates has', () => {
    expect(gatesNote([10, 3], 3)).to.equal(
      'weight_hh_l0 has 10 rows, not a multiple of 3, the gates of torch.nn.GRU.',
    );
    expect(gatesNote([12, 5], 3)).to.equal(undefined);
  });

  it('says nothing about shapes that are not matrices', () => {
    expect(gatesNote([9], 3)).to.equal(undefined);
    expect(gatesNote([], 3)).to.equal(undefined);
  });
});
