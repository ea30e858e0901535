/** Every misuse that PyTorch has words for: ours is an error of ours, and holds those words for whoever searches them. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type GRUArgs, gru } from '../../src/index.js';
import { torchMessage, torchMessageIds } from '../support/fixtures.js';

interface Misuse {
  readonly run: () => unknown;
  readonly type: typeof TypeError | typeof RangeError;
  readonly text: string;
  /** What users search for: part of torch's text and of ours. Absent where torch's text names Python's own types. */
  readonly words?: string;
}

const args = (extra: object) => () => gru({ hiddenSize: 5, ...extra } as GRUArgs);
const forward = (
  shape: number[],
  options: () => object = () => ({}),
  extra: object = {},
  dtype: tf.DataType = 'float32',
) => {
  return () =>
    gru({ hiddenSize: 5, inputSize: 3, ...extra } as GRUArgs).forward(tf.ones(shape, dtype), options());
};
const h0 =
  (...shape: number[]) =>
  () => ({ h0: tf.ones(shape) });
const lengths = (value: unknown) => () => ({ lengths: value });

const DROPOUT = 'a number in range [0, 1] representing the probability of an element being zeroed';
const DROPOUT_WORDS = 'number in range [0, 1] representing the probability of an element being zeroed';
const STEPS = 'Expected sequence length to be larger than 0 in RNN';
const POSITIVE =
  "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0";

/** By the id in spec/fixtures/torch/messages.json. Shapes are torch's, transposed to batch-first. */
const MISUSES: Record<string, Misuse> = {
  'gru/dropout-above-one': {
    run: args({ numLayers: 2, dropout: 1.5 }),
    type: RangeError,
    text: `GRU: dropout: expected ${DROPOUT}, got 1.5`,
    words: DROPOUT_WORDS,
  },
  'gru/dropout-negative': {
    run: args({ numLayers: 2, dropout: -0.1 }),
    type: RangeError,
    text: `GRU: dropout: expected ${DROPOUT}, got -0.1`,
    words: DROPOUT_WORDS,
  },
  'gru/dropout-boolean': {
    run: args({ numLayers: 2, dropout: true }),
    type: TypeError,
    text: `GRU: dropout: expected ${DROPOUT}, got true`,
    words: DROPOUT_WORDS,
  },
  'gru/dropout-string': {
    run: args({ numLayers: 2, dropout: '0.5' }),
    type: TypeError,
    text: `GRU: dropout: expected ${DROPOUT}, got "0.5"`,
    words: DROPOUT_WORDS,
  },
  'gru/hidden-size-float': {
    run: args({ hiddenSize: 5.5 }),
    type: RangeError,
    text: 'GRU: hiddenSize: expected an integer >= 1, got 5.5. hidden_size should be of type int',
    words: 'hidden_size should be of type int',
  },
  'gru/hidden-size-zero': {
    run: args({ hiddenSize: 0 }),
    type: RangeError,
    text: 'GRU: hiddenSize: expected an integer >= 1, got 0. hidden_size must be greater than zero',
    words: 'hidden_size must be greater than zero',
  },
  'gru/hidden-size-negative': {
    run: args({ hiddenSize: -5 }),
    type: RangeError,
    text: 'GRU: hiddenSize: expected an integer >= 1, got -5. hidden_size must be greater than zero',
    words: 'hidden_size must be greater than zero',
  },
  'gru/num-layers-zero': {
    run: args({ numLayers: 0 }),
    type: RangeError,
    text: 'GRU: numLayers: expected an integer >= 1, got 0. num_layers must be greater than zero',
    words: 'num_layers must be greater than zero',
  },
  'gru/num-layers-float': {
    run: args({ numLayers: 2.5 }),
    type: RangeError,
    text: 'GRU: numLayers: expected an integer >= 1, got 2.5. num_layers must be greater than zero',
  },
  'gru/input-size-zero': {
    run: args({ inputSize: 0 }),
    type: RangeError,
    text: 'GRU: inputSize: expected an integer >= 1, got 0. input_size must be greater than zero',
    words: 'input_size must be greater than zero',
  },
  'gru/input-size-negative': {
    run: args({ inputSize: -3 }),
    type: RangeError,
    text: 'GRU: inputSize: expected an integer >= 1, got -3. input_size must be greater than zero',
    words: 'input_size must be greater than zero',
  },
  'gru/proj-size': {
    run: args({ projSize: 2 }),
    type: TypeError,
    text: 'GRU: projSize: expected a known argument, got unknown argument "projSize". proj_size argument is only supported for LSTM, not RNN or GRU',
    words: 'proj_size argument is only supported for LSTM, not RNN or GRU',
  },
  'gru/unknown-argument': {
    run: args({ units: 2 }),
    type: TypeError,
    text: 'GRU: units: expected a known argument, got unknown argument "units". Use hiddenSize',
  },
  'gru/input-rank-4': {
    run: forward([2, 2, 7, 3]),
    type: RangeError,
    text: 'GRU.forward: x: expected [B, T, I] or unbatched [T, I], got [2, 2, 7, 3]. Expected input to be 2D or 3D, got 4D instead',
    words: 'Expected input to be 2D or 3D, got 4D instead',
  },
  'gru/input-rank-1': {
    run: forward([3]),
    type: RangeError,
    text: 'GRU.forward: x: expected [B, T, I] or unbatched [T, I], got [3]. Expected input to be 2D or 3D, got 1D instead',
    words: 'Expected input to be 2D or 3D, got 1D instead',
  },
  'gru/input-dtype-integer': {
    run: forward([2, 7, 3], undefined, {}, 'int32'),
    type: TypeError,
    text: 'GRU.forward: x: expected dtype float32, got int32. RNN input dtype (int32) does not match weight dtype (float32): convert it with tf.cast',
    words: 'does not match weight dtype',
  },
  'gru/input-last-dimension': {
    run: forward([2, 6, 7]),
    type: RangeError,
    text: 'GRU.forward: x: expected a last dimension of 3 (inputSize), got [2, 6, 7]. input.size(-1) must be equal to input_size. Expected 3, got 7',
    words: 'input.size(-1) must be equal to input_size. Expected 3, got 7',
  },
  'gru/input-last-dimension-unbatched': {
    run: forward([6, 7]),
    type: RangeError,
    text: 'GRU.forward: x: expected a last dimension of 3 (inputSize), got [6, 7]',
    words: 'input.size(-1) must be equal to input_size. Expected 3, got 7',
  },
  'gru/hx-rank-unbatched': {
    run: forward([7, 3], h0(1, 2, 5)),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [1, 5], got [1, 2, 5]. For unbatched 2-D input, hx should also be 2-D but got 3-D tensor',
    words: 'For unbatched 2-D input, hx should also be 2-D but got 3-D tensor',
  },
  'gru/hx-rank-batched': {
    run: forward([2, 7, 3], h0(1, 5)),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [1, 2, 5], got [1, 5]. For batched 3-D input, hx should also be 3-D but got 2-D tensor',
    words: 'For batched 3-D input, hx should also be 3-D but got 2-D tensor',
  },
  'gru/hx-batch': {
    run: forward([4, 6, 3], h0(2, 7, 5), { numLayers: 2 }),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [2, 4, 5], got [2, 7, 5]. Expected hidden size (2, 4, 5), got [2, 7, 5]',
    words: 'Expected hidden size (2, 4, 5), got [2, 7, 5]',
  },
  'gru/hx-hidden-size': {
    run: forward([2, 7, 3], h0(1, 2, 6)),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [1, 2, 5], got [1, 2, 6]',
    words: 'Expected hidden size (1, 2, 5), got [1, 2, 6]',
  },
  'gru/hx-layers': {
    run: forward([2, 7, 3], h0(1, 2, 5), { bidirectional: true }),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [2, 2, 5], got [1, 2, 5]',
    words: 'Expected hidden size (2, 2, 5), got [1, 2, 5]',
  },
  'gru/hx-shape-unbatched': {
    run: forward([7, 3], h0(1, 6)),
    type: RangeError,
    text: 'GRU.forward: h0: expected shape [1, 5], got [1, 6]',
    words: 'Expected hidden size (1, ',
  },
  'gru/no-steps': {
    run: forward([0, 2, 3], undefined, { batchFirst: false }),
    type: RangeError,
    text: `GRU.forward: x: expected at least one time step, got [0, 2, 3]. ${STEPS}`,
    words: STEPS,
  },
  'gru/no-steps-batch-first': {
    run: forward([2, 0, 3]),
    type: RangeError,
    text: `GRU.forward: x: expected at least one time step, got [2, 0, 3]. ${STEPS}`,
    words: STEPS,
  },
  'gru/no-steps-unbatched': {
    run: forward([0, 3]),
    type: RangeError,
    text: `GRU.forward: x: expected at least one time step, got [0, 3]. ${STEPS}`,
    words: STEPS,
  },
  'pack/length-zero': {
    run: forward([3, 3, 3], lengths([3, 0, 2])),
    type: RangeError,
    text: `GRU.forward: lengths[1]: expected an integer in 1..3 (T), got 0. ${POSITIVE}`,
    words: POSITIVE,
  },
  'pack/length-negative': {
    run: forward([3, 3, 3], lengths([3, -1, 2])),
    type: RangeError,
    text: `GRU.forward: lengths[1]: expected an integer in 1..3 (T), got -1. ${POSITIVE}`,
    words: POSITIVE,
  },
  'pack/length-rank': {
    run: forward([2, 3, 3], () => ({ lengths: tf.tensor2d([[2, 1]], [1, 2], 'int32') })),
    type: RangeError,
    text: "GRU.forward: lengths: expected shape [2], one per batch row, got [1, 2]. 'lengths' argument should be a 1D",
    words: "'lengths' argument should be a 1D",
  },
  'pack/length-count': {
    run: forward([3, 3, 3], lengths([3, 2])),
    type: RangeError,
    text: 'GRU.forward: lengths: expected shape [3], one per batch row, got [2]. Expected `len(lengths)`',
    words: 'Expected `len(lengths)` to be equal to batch_size, but got 2 (batch_size=3)',
  },
  'pack/length-count-too-many': {
    run: forward([2, 3, 3], lengths([3, 2, 1])),
    type: RangeError,
    text: 'GRU.forward: lengths: expected shape [2], one per batch row, got [3]. Expected `len(lengths)`',
  },
  // From here on torch 2.13 accepts what is wrong and computes something else.
  'pack/length-count-unsorted': {
    run: forward([3, 3, 3], lengths([2, 3])),
    type: RangeError,
    text: 'GRU.forward: lengths: expected shape [3], one per batch row, got [2]. Expected `len(lengths)`',
  },
  'pack/length-fraction': {
    run: forward([2, 3, 3], lengths([2.5, 1])),
    type: RangeError,
    text: 'GRU.forward: lengths[0]: expected an integer in 1..3 (T), got 2.5',
  },
  'pack/length-above-steps': {
    run: forward([3, 3, 3], lengths([4, 2, 1])),
    type: RangeError,
    text: 'GRU.forward: lengths[0]: expected an integer in 1..3 (T), got 4',
  },
  'pack/length-above-steps-unsorted': {
    run: forward([3, 3, 3], lengths([2, 4, 1])),
    type: RangeError,
    text: 'GRU.forward: lengths[1]: expected an integer in 1..3 (T), got 4',
  },
};

/** Misuses of torch that cannot be written here, each with the reason. */
const NOT_APPLICABLE: Record<string, string> = {
  'gru/input-dtype': 'tfjs has no float64 tensor',
  'gru/empty-batch': 'torch accepts it, and so does forward: see gru.spec.ts',
  'gru/packed-data-rank': 'there is no PackedSequence: lengths take its place',
  'pack/unsorted': 'lengths come in any order, as with enforce_sorted=False',
  'pack/empty': 'an empty batch is legal here with lengths: [], as it is without',
  'pack/no-sequences': 'there is no pack_sequence',
  'pad/total-length': 'output keeps the T of x',
};

describe('GRU on what PyTorch refuses', () => {
  for (const [id, { run, type, text, words }] of Object.entries(MISUSES)) {
    it(`throws for ${id}`, () => {
      const torch = torchMessage(id);
      tf.tidy(() => {
        expect(run).to.throw(type, text);
        if (words === undefined) return;
        expect(run).to.throw(type, words);
        expect(torch.outcome === 'error' && torch.message).to.include(words);
      });
    });
  }

  it('covers the whole catalogue of torch 2.13', () => {
    const ids = torchMessageIds().filter((id) => /^(gru|pack|pad)\//.test(id));
    const covered = [...Object.keys(MISUSES), ...Object.keys(NOT_APPLICABLE), 'gru/dropout-one-layer'];
    expect(covered).to.have.members(ids);
  });

  it('warns about dropout with one layer in the words of torch', () => {
    const torch = torchMessage('gru/dropout-one-layer');
    const warnings: string[] = [];
    const { warn } = console;
    console.warn = (text: string) => warnings.push(text);
    try {
      gru({ hiddenSize: 5, dropout: 0.5 });
      gru({ hiddenSize: 5, dropout: 0.5, numLayers: 2 });
    } finally {
      console.warn = warn;
    }
    expect(warnings).to.deep.equal([
      'GRU: dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects ' +
        'numLayers greater than 1, but got dropout=0.5 and numLayers=1',
    ]);
    const words =
      'dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects';
    expect(torch.outcome === 'warning' && torch.message).to.include(words);
  });
});

describe('GRU on words of other libraries', () => {
  const remedies: [string, unknown, string][] = [
    ['units', 4, 'Use hiddenSize'],
    ['hidden_size', 4, 'Use hiddenSize'],
    ['batch_first', true, 'Use batchFirst'],
    ['num_layers', 2, 'Use numLayers'],
    ['useBias', true, 'Use bias'],
    ['recurrentDropout', 0.1, 'torch has none; dropout acts between stacked layers'],
    ['resetAfter', true, 'Leave it out: the reset gate always acts after the product, as in torch.nn.GRU'],
    ['goBackwards', true, 'Use bidirectional: true on the layer itself, in place of tf.layers.bidirectional'],
    ['activation', 'tanh', 'Leave it out: the activations are those of torch'],
  ];
  for (const [key, value, remedy] of remedies) {
    it(`names the remedy for ${key}`, () => {
      expect(args({ [key]: value })).to.throw(
        TypeError,
        `GRU: ${key}: expected a known argument, got unknown argument "${key}". ${remedy}`,
      );
    });
  }

  it('names the remedy inside tf.layers.bidirectional', () => {
    const wrap = () =>
      tf.layers.bidirectional({ layer: gru({ hiddenSize: 2 }) as unknown as tf.RNN, mergeMode: 'concat' });
    expect(wrap).to.throw(
      TypeError,
      'Use bidirectional: true on the layer itself, in place of tf.layers.bidirectional',
    );
  });

  it('lists the known arguments for any other key', () => {
    expect(args({ toString: 1 })).to.throw(
      TypeError,
      'GRU: toString: expected one of hiddenSize, inputSize, numLayers',
    );
    expect(args({ hiddensize: 4 })).to.throw(
      TypeError,
      'GRU: hiddensize: expected one of hiddenSize, inputSize, numLayers',
    );
  });

  it('names the remedy for initialState', () => {
    tf.tidy(() => {
      const call = () => gru({ hiddenSize: 2 }).apply(tf.zeros([1, 2, 3]), { initialState: [] } as never);
      expect(call).to.throw(
        TypeError,
        'GRU.apply: initialState: expected one of lengths, training, mask, got unknown option "initialState". Call apply([x, h0])',
      );
    });
  });

  it('refuses wrong types of every argument', () => {
    expect(() => gru(undefined as never)).to.throw(
      TypeError,
      'GRU: args: expected an object such as { hiddenSize: 128 }, got undefined',
    );
    expect(() => gru({} as never)).to.throw(
      TypeError,
      'GRU: hiddenSize: expected an integer, got undefined. hidden_size should be of type int',
    );
    expect(args({ hiddenSize: '5' })).to.throw(TypeError, 'GRU: hiddenSize: expected an integer, got "5"');
    expect(args({ bias: 1 })).to.throw(TypeError, 'GRU: bias: expected a boolean, got 1');
    expect(args({ bidirectional: 'yes' })).to.throw(
      TypeError,
      'GRU: bidirectional: expected a boolean, got "yes"',
    );
    expect(args({ seed: 0.5 })).to.throw(RangeError, 'GRU: seed: expected an integer');
    expect(args({ implementation: 'fast' })).to.throw(
      RangeError,
      'GRU: implementation: expected one of auto, fused, reference, got "fast"',
    );
    tf.tidy(() => {
      expect(() => gru({ hiddenSize: 2 }).forward([1] as never)).to.throw(
        TypeError,
        'GRU.forward: x: expected a tensor, got [1]. Make one with tf.tensor',
      );
      expect(forward([1, 2, 3], lengths(2))).to.throw(
        TypeError,
        'GRU.forward: lengths: expected number[], Int32Array or a 1-D tensor, got 2',
      );
      expect(forward([1, 2, 3], () => ({ hx: 2 }))).to.throw(
        TypeError,
        'GRU.forward: hx: expected one of h0, lengths, training',
      );
    });
  });

  it('refuses what is not a call of forward or apply', () => {
    const layer = gru({ hiddenSize: 2 });
    tf.tidy(() => {
      const x = tf.zeros([1, 2, 3]);
      expect(() => layer.forward(x, tf.zeros([1, 1, 2]) as never)).to.throw(
        TypeError,
        'GRU.forward: options: expected an object such as { h0, lengths }, got a tensor. Pass h0 by name: forward(x, { h0 })',
      );
      expect(() => layer.forward(x, null as never)).to.throw(
        TypeError,
        'GRU.forward: options: expected an object',
      );
      expect(() => layer.forward(x, { training: 'no' as never })).to.throw(
        TypeError,
        'GRU.forward: training: expected a boolean',
      );
      expect(() => layer.apply(x, { h0: 1 } as never)).to.throw(
        TypeError,
        'unknown option "h0". Call apply([x, h0])',
      );
      expect(() => layer.apply(x, { length: [1] } as never)).to.throw(
        TypeError,
        'expected one of lengths, training, mask',
      );
      expect(() => layer.apply(null as never)).to.throw(
        TypeError,
        'GRU.apply: x: expected a tensor, got null',
      );
      expect((layer.apply(x, null as never) as tf.Tensor).shape).to.deep.equal([1, 2, 2]);
      expect(() => gru({ hiddenSize: 2 }).apply(tf.zeros([1, 2, 0]))).to.throw(
        RangeError,
        'GRU.apply: x: expected a last dimension of at least 1, got [1, 2, 0]. input_size must be greater than zero',
      );
      expect(() => layer.apply(tf.input({ name: 'ids', shape: [2, 3], dtype: 'int32' }))).to.throw(
        TypeError,
        'GRU.apply: ids: expected dtype float32, got int32',
      );
      const lengths = tf.tensor1d([2], 'int32');
      lengths.dispose();
      expect(() => layer.forward(x, { lengths })).to.throw(
        RangeError,
        'GRU.forward: lengths: expected a live tensor, got a disposed one',
      );
      x.dispose();
      for (const call of [() => layer.apply(x), () => layer.forward(x)])
        expect(call).to.throw(RangeError, 'x: expected a live tensor, got a disposed one');
    });
    layer.dispose();
  });

  it('says what may be wrong when things fit x the other way round', () => {
    const hint = 'It fits x read the other way round: is batchFirst right?';
    tf.tidy(() => {
      const layer = gru({ hiddenSize: 2 });
      const x = tf.zeros([7, 4, 3]);
      expect(() => layer.forward(x, { h0: tf.zeros([1, 4, 2]) })).to.throw(RangeError, hint);
      expect(() => layer.forward(x, { lengths: [1, 2, 3, 4] })).to.throw(RangeError, hint);
      expect(() => layer.forward(x, { h0: tf.zeros([1, 7, 3]) }))
        .to.throw(RangeError)
        .with.property('message')
        .that.does.not.include(hint);
      expect(() => layer.apply([x, tf.zeros([1, 7, 2])])).to.throw(
        RangeError,
        'GRU.apply: h0: expected shape [7, 1, 2], got [1, 7, 2]. Expected hidden size (7, 1, 2), got [1, 7, 2]. ' +
          'apply takes states batch-leading: h0.transpose([1, 0, 2])',
      );
    });
  });

  it('refuses initial weights of other shapes before it is built', () => {
    tf.tidy(() => {
      const layer = gru({ hiddenSize: 2, weights: [tf.ones([6, 3])] });
      for (const call of [() => layer.forward(tf.zeros([1, 2, 3])), () => layer.apply(tf.zeros([1, 2, 3]))])
        expect(call).to.throw(RangeError, 'GRU: weights: expected [6, 3], [6, 2], [6], [6], got [6, 3]');
      expect([layer.built, layer.weights.length]).to.deep.equal([false, 0]);
    });
  });
});
