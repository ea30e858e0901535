import type { RecurrentCall } from '../../src/kernels/contract.js';

/** A call of a GRU of one layer in one direction with biases, but for what is given. */
export function makeCall(given: Partial<RecurrentCall> = {}): RecurrentCall {
  return {
    cell: 'GRU',
    batchFirst: true,
    bidirectional: false,
    hiddenSize: 3,
    projSize: 0,
    directions: 1,
    states: 0,
    hasBias: true,
    hasLengths: false,
    ...given,
  };
}
