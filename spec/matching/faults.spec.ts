import { expect } from 'chai';
import { StateDictError } from '../../src/errors.js';
import { Faults, prefixHint, shapeFits } from '../../src/matching/faults.js';

describe('shapeFits', () => {
  it('compares sizes one by one, null fitting any', () => {
    expect(shapeFits([3, 5], [3, 5])).to.equal(true);
    expect(shapeFits([3, 5], [3, null])).to.equal(true);
    expect(shapeFits([3, 5], [5, 3])).to.equal(false);
    expect(shapeFits([3], [3, null])).to.equal(false);
    expect(shapeFits([], [])).to.equal(true);
    expect(shapeFits([3, 0], [3, null])).to.equal(false);
    expect(shapeFits([3, 0], [3, 0])).to.equal(true);
  });
});

describe('prefixHint', () => {
  it('offers the only path, or three of several and their count', () => {
    expect(prefixHint(['a'])).to.equal('The missing keys are there below another path: pass prefix: "a".');
    expect(prefixHint(['a', 'b', 'c', 'd', 'e'])).to.equal(
      'The missing keys are there below 5 other paths, and the file does not tell which is meant: ' +
        'pass prefix: "a" or prefix: "b" or prefix: "c", or another of the 5.',
    );
  });
});

describe('Faults', () => {
  it("speaks torch's words for missing keys, unexpected keys and shapes", () => {
    const faults = new Faults();
    faults.missing.push('bias_ih_l0', 'bias_hh_l0');
    faults.unexpected.push('x.y');
    faults.mismatch('weight_hh_l0', [14], [15]);
    const error = faults.toError('GRU');
    expect(error).to.be.instanceOf(StateDictError);
    expect(error.message).to.equal(
      'Error(s) in loading state_dict for GRU:' +
        '\n\tMissing key(s) in state_dict: "bias_ih_l0", "bias_hh_l0". ' +
        '\n\tUnexpected key(s) in state_dict: "x.y". ' +
        '\n\tsize mismatch for weight_hh_l0: copying a param with shape [14] from checkpoint, the shape in current model is [15].',
    );
    expect(error.missing).to.deep.equal(['bias_ih_l0', 'bias_hh_l0']);
    expect(error.unexpected).to.deep.equal(['x.y']);
    expect(error.mismatched).to.deep.equal(['weight_hh_l0']);
  });

  it('leaves out the kinds of fault that there are none of', () => {
    const faults = new Faults();
    expect(faults.isAny).to.equal(false);
    faults.unexpected.push('x');
    expect(faults.isAny).to.equal(true);
    expect(faults.toError('Dense').message).to.equal(
      'Error(s) in loading state_dict for Dense:\n\tUnexpected key(s) in state_dict: "x". ',
    );
  });

  it('says that the sizes of a matrix are exchanged, and asks about kernels and unknown sizes', () => {
    const faults = new Faults();
    faults.mismatch('w', [2, 9], [9, 2]);
    faults.mismatch('v', [2, 9], [9, null]);
    faults.mismatch('b', [4], [9]);
    faults.mismatch('conv', [2, 3, 4], [4, 3, 2]);
    faults.mismatch('explained', [2, 9], [9, 2]);
    faults.hint('Pass this.', ['explained']);
    const [, w, v, b, conv, explained] = faults.toError('GRU').message.split('\n\t');
    expect(w).to.match(
      /is \[9, 2\]\. Its sizes are exchanged: the weight is transposed \(PyTorch has \[out, in\]\), or the layer was made so\.$/,
    );
    expect(v).to.match(/is \[9, \?\]\. Is it transposed\?$/);
    expect(b).to.match(/is \[9\]\.$/);
    expect(conv).to.match(/is \[4, 3, 2\]\. Is it transposed\?$/);
    expect(explained).to.match(/is \[9, 2\]\.$/);
  });

  it('adds a remedy to the line of its tensor', () => {
    const faults = new Faults();
    faults.mismatch('w', [4], [9], 'Pass this.');
    expect(faults.toError('PReLU').message).to.match(/is \[9\]\. Pass this\.$/);
  });

  it('lists each hint once, after the faults', () => {
    const faults = new Faults();
    faults.missing.push('w');
    faults.hint('Do this.');
    faults.hint('Do this.');
    expect(faults.toError('GRU').message).to.match(/"w"\. \n\tHint: Do this\.$/);
  });

  it('recognises the names Keras gives', () => {
    for (const key of ['gru/recurrent_kernel:0', 'dense/kernel', 'norm.gamma', 'embeddings']) {
      const faults = new Faults();
      faults.unexpected.push(key);
      expect(faults.allHints()).to.deep.equal([
        `"${key}" is a name Keras gives; a PyTorch state_dict has names such as "gru.weight_ih_l0".`,
      ]);
    }
    const torch = new Faults();
    torch.unexpected.push('kernel_size.weight', 'mykernel');
    expect(torch.allHints()).to.deep.equal([]);
  });

  it('names an unexpected key that a missing one was mistyped as', () => {
    const faults = new Faults();
    faults.missing.push('fc.weight', 'gru.weight_ih_l0');
    faults.unexpected.push('fc.wieght', 'gru.weight_ih_l1', 'conv.bias');
    expect(faults.allHints()).to.deep.equal(['"fc.weight" is missing, but there is "fc.wieght".']);
  });

  const nearMisses = (missing: string[], unexpected: string[]) => {
    const faults = new Faults();
    faults.missing.push(...missing);
    for (const key of unexpected) faults.unexpected.push(key);
    return faults.allHints();
  };

  it('counts one or two characters inserted, deleted or replaced as a slip, not three', () => {
    const key = 'fc.weight';
    for (const slip of [
      'fcc.weight',
      'f.weight',
      'fx.weight',
      'fc.weightss',
      'c.weigh',
      'gd.weight',
      'fac.wight',
    ])
      expect(nearMisses([key], [slip]), slip).to.deep.equal([`"${key}" is missing, but there is "${slip}".`]);
    for (const other of ['fc.weightsss', 'abc.weighs', 'fc.wabcht', 'fc1.weight', 'f.c.weight', 'weight'])
      expect(nearMisses([key], [other]), other).to.deep.equal([]);
  });

  it('guesses no slip for a key that a hint explains', () => {
    const faults = new Faults();
    faults.missing.push('fc.weight', 'gru.bias');
    faults.unexpected.push('fd.weight', 'grv.bias');
    faults.hint('Pass a map.', ['fc.weight']);
    expect(faults.allHints()).to.deep.equal([
      'Pass a map.',
      '"gru.bias" is missing, but there is "grv.bias".',
    ]);
  });

  // Comparing all keys in full takes minutes in both cases.
  it('looks for slips among a bounded number of keys of a bounded length', () => {
    const long = 'a'.repeat(200_000);
    expect(nearMisses([`${long}.weight`], [`b${long.slice(1)}.wieght`, `${long}.wieght`])).to.deep.equal([]);
    const middle = 'm'.repeat(100);
    const missing = Array.from({ length: 8 }, () => `${'a'.repeat(3)}${middle}.weight`);
    const unexpected = Array.from({ length: 400_000 }, () => `${'b'.repeat(3)}${middle}.weight`);
    expect(nearMisses(missing, unexpected)).to.deep.equal([]);
  });

  it('distinguishes the keys of a cell from those of a layer', () => {
    expect(
      nearMisses(['gru.weight_ih_l0', 'gru.weight_hh_l0'], ['gru.weight_ih', 'gru.weight_hh']),
    ).to.deep.equal([
      '"gru.weight_ih" is of a cell (torch.nn.GRUCell, LSTMCell or RNNCell). Load it into a cell, or, where the PyTorch model runs it ' +
        'over a sequence with nothing between the steps, rename the keys, "gru.weight_ih" to "gru.weight_ih_l0" and so on.',
    ]);
    expect(nearMisses(['gru.weight_hh_l0'], ['other.weight_ih'])).to.deep.equal([]);
  });

  it('distinguishes the keys of a layer from those of a cell', () => {
    expect(nearMisses(['weight_ih', 'weight_hh'], ['weight_ih_l0', 'weight_hh_l0'])).to.deep.equal([
      '"weight_ih_l0" is of a layer (torch.nn.GRU, LSTM or RNN). Load it into a layer, or, since a cell computes one step of ' +
        'its first layer, rename the keys, "weight_ih_l0" to "weight_ih" and so on.',
    ]);
    expect(nearMisses(['weight_ih'], ['other.weight_ih_l0'])).to.deep.equal([]);
  });
});
