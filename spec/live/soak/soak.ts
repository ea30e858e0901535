/** One stream: what a step costs, and what the stream leaves in memory. */

import * as tf from '@tensorflow/tfjs';
import { Random } from '../../support/random.js';
import type { Stream } from './streams.js';

export const LONGEST_CHUNK = 15;
const TENTHS = 10;
/** Steps before the first measurement, in which JavaScript compiles what it runs often. */
const WARM_UP = 2000;

export interface Settings {
  readonly steps: number;
  readonly seed: number;
}

/** One chunk of each length, from 1. */
export type Chunks = readonly tf.Tensor[];

export interface Result {
  /** Microseconds of processor time per step, in each tenth of the stream. */
  readonly costs: readonly number[];
  readonly calls: number;
  readonly steps: number;
  /** What the stream left in memory; empty where that is nothing. */
  readonly left: string;
  readonly lastOutput: Float32Array;
}

/** Runs a stream on the active backend, after a short one that is not measured. */
export function soak(start: () => Stream, chunks: Chunks, { steps, seed }: Settings): Result {
  takeSteps(start(), chunks, WARM_UP, new Random(seed)).end();
  const before = memory();
  const stream = start();
  const random = new Random(seed);
  const costs: number[] = [];
  for (let tenth = 0; tenth < TENTHS; tenth++) {
    const share = Math.floor((steps * (tenth + 1)) / TENTHS) - Math.floor((steps * tenth) / TENTHS);
    const started = process.cpuUsage();
    takeSteps(stream, chunks, share, random);
    const { user, system } = process.cpuUsage(started);
    costs.push((user + system) / share);
  }
  const { calls } = stream;
  const lastOutput = stream.end();
  return { costs, calls, steps, left: difference(before, memory()), lastOutput };
}

/** Takes so many steps in chunks of random lengths, about a quarter of them a single step. */
function takeSteps(stream: Stream, chunks: Chunks, steps: number, random: Random): Stream {
  for (let rest = steps; rest > 0; ) {
    const length = random.chance(0.2) ? 1 : random.integer(1, Math.min(rest, LONGEST_CHUNK));
    stream.take(chunks[length - 1] as tf.Tensor);
    rest -= length;
  }
  return stream;
}

type Memory = Readonly<Record<string, number>>;

function memory(): Memory {
  const { numTensors, numDataBuffers, numBytes } = tf.memory();
  // Kernels take memory that tfjs does not count.
  const { wasm } = tf.backend() as { wasm?: { HEAPU8: Uint8Array } };
  const heap = wasm?.HEAPU8.byteLength ?? 0;
  return {
    tensors: numTensors,
    'data buffers': numDataBuffers,
    bytes: numBytes,
    'bytes of wasm memory': heap,
  };
}

function difference(before: Memory, after: Memory): string {
  const changes = Object.entries(after).filter(([name, value]) => value !== before[name]);
  return changes.map(([name, value]) => `${value - (before[name] as number)} ${name}`).join(', ');
}

export function textOf({ costs, calls, steps, left }: Result): string {
  const [first, last] = [costs[0] as number, costs.at(-1) as number];
  const tenths = costs.map((cost) => cost.toFixed(0)).join(' ');
  return (
    `${steps} steps in ${calls} calls, us per step by tenths: ${tenths}; last/first ${(last / first).toFixed(2)}; ` +
    `left ${left || 'nothing'}`
  );
}
