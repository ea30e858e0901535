/**
 * What a call costs on the engine and in tf ops while a GPU backend is active, in milliseconds. The constants stand for a fast
 * GPU, where tf ops are at their best: a call that the engine takes is faster on slower ones as well. Nothing is timed at run
 * time, so that the same call always takes the same path and has the same bits.
 */

import type { Cell } from '../../../torch/cells.js';

/** Additions and multiplications of the engine in a millisecond, one thread: half of what a Chromium on an EPYC reaches (3.7e7). */
export const ENGINE_FLOPS = 1.8e7;

/** The same of a GPU, in the products of single steps. */
export const GPU_FLOPS = 1e9;

/** For tfjs to prepare and submit one op. SwiftShader, where it also runs on the processor, takes 1.3 (two vCPUs, Chromium 156). */
export const DISPATCH = 0.03;

/** For all work that was submitted to be over, so that a result can be read: a few frames of a pipeline. */
export const STALL = 3;

/** Bytes that are read back in a millisecond. SwiftShader reads 1.5e5 (3.3 MB in 22.6 ms). */
export const BYTES_READ = 1e6;

/**
 * Ops of a call in cuDNN beside its own: masks, transposes, parts of the gradient of the weights; forward, and forward and backward.
 * Two layers in both directions have 4 to 28, and 52 to 103, by the options.
 */
export const CUDNN_OPS = { inference: 15, training: 75 } as const;

/** For cuDNN to run one step of a layer, both directions: two or three small launches. A guess: no such device was at hand. */
export const CUDNN_STEP = 0.02;

/** Ops of a step of one direction in the reference, without lengths: forward, and forward and backward. A spec counts them. */
export const OPS_OF_STEP: Readonly<Record<Cell, { readonly inference: number; readonly training: number }>> =
  {
    RNN_TANH: { inference: 4, training: 14 },
    RNN_RELU: { inference: 4, training: 12 },
    GRU: { inference: 15, training: 46 },
    LSTM: { inference: 18, training: 59 },
  };
