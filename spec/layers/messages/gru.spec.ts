import * as tf from '@tensorflow/tfjs';
import { type GRUArgs, gru } from '../../../src/index.js';
import { describeMisuses, type Misuse } from '../../support/misuse.js';

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
  // torch 2.13 accepts the following misuses and computes something else.
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
  'gru/empty-batch': 'torch accepts it, and so does forward: see forward.spec.ts',
  'gru/packed-data-rank': 'there is no PackedSequence: lengths take its place',
  'pack/unsorted': 'lengths come in any order, as with enforce_sorted=False',
  'pack/empty': 'an empty batch is legal here with lengths: [], as it is without',
  'pack/no-sequences': 'there is no pack_sequence',
  'pad/total-length': 'output keeps the T of x',
};

describeMisuses('GRU on what PyTorch refuses', {
  prefixes: ['gru/', 'pack/', 'pad/'],
  misuses: MISUSES,
  notApplicable: NOT_APPLICABLE,
  elsewhere: ['gru/dropout-one-layer'],
});
