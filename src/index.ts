import './kernels/wasm/unsorted-segment-sum.js';

export { FormatError, StateDictError, UnsupportedError } from './errors.js';
export type { RecurrentArgs } from './layers/args.js';
export { GRU, type GRUArgs, type GRUForwardOptions, gru } from './layers/gru.js';
export type { RecurrentCallArgs } from './layers/recurrent.js';
export type { Implementation } from './ops/implementation.js';
export type { Lengths } from './ops/lengths.js';
