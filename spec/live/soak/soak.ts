/** The streams of one backend, and what is checked of them. */

import * as tf from '@tensorflow/tfjs';
import { gru, lstm } from '../../../src/index.js';
import { availableBackends } from '../../support/backends.js';
import { Random } from '../../support/random.js';
import { STREAMS, type Stream } from './streams.js';

const [BATCH, INPUT, HIDDEN] = [2, 2, 3];
const LAYERS = { GRU: gru, LSTM: lstm };
const BACKENDS = ['cpu', 'wasm', 'tensorflow'];
const LONGEST_CHUNK = 15;
const TENTHS = 10;
/** Steps before the first measurement, in which the engine compiles what it runs often. */
const WARM_UP = 2000;

interface Settings {
  readonly steps: number;
  readonly seed: number;
}

/** One chunk of each length, from 1. */
type Chunks = readonly tf.Tensor[];

/** @returns whether every stream left the memory as it was, and both kinds of stream ended alike. */
export async function soakBackend(backend: string, settings: Settings): Promise<boolean> {
  await startBackend(backend);
  const chunks = Array.from({ length: LONGEST_CHUNK }, (_, i) =>
    tf.randomNormal([BATCH, i + 1, INPUT], 0, 1, 'float32', settings.seed + i),
  );
  const faults: string[] = [];
  for (const [name, make] of Object.entries(LAYERS)) {
    const layer = make({ hiddenSize: HIDDEN, stateful: true, returnState: true, seed: settings.seed });
    const ends = Object.entries(STREAMS).map(([call, start]) => {
      const title = `${backend} ${name}.${call}`;
      takeSteps(start(layer), chunks, WARM_UP, new Random(settings.seed)).end();
      const result = soak(() => start(layer), chunks, settings);
      console.log(`${title.padEnd(24)} ${describe(result)}`);
      if (result.left !== '') faults.push(`${title}: left ${result.left}`);
      return result.lastOutput;
    });
    if (!agree(ends)) faults.push(`${backend} ${name}: forward and apply end with other outputs`);
    layer.dispose();
  }
  tf.dispose([...chunks]);
  for (const fault of faults) console.log(`FAIL ${fault}`);
  return faults.length === 0;
}

async function startBackend(name: string): Promise<void> {
  if (!BACKENDS.includes(name))
    throw new RangeError(`--backends: expected some of ${BACKENDS.join()}, got "${name}"`);
  tf.enableProdMode();
  // Asked for only where it is used: loading tfjs-node takes a second and prints.
  const isAbsent = name === 'tensorflow' && !(await availableBackends()).includes(name);
  if (isAbsent || !(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
}

interface Result {
  /** Microseconds of processor time per step, in each tenth of the stream. */
  readonly costs: readonly number[];
  readonly calls: number;
  readonly steps: number;
  /** What is there that was not there before; empty where nothing is. */
  readonly left: string;
  readonly lastOutput: Float32Array;
}

function soak(start: () => Stream, chunks: Chunks, { steps, seed }: Settings): Result {
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

/** So many steps in chunks of random lengths, about a quarter of them a single step. */
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
  // What tfjs does not count: memory that a kernel took for itself.
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

function describe({ costs, calls, steps, left }: Result): string {
  const [first, last] = [costs[0] as number, costs.at(-1) as number];
  const tenths = costs.map((cost) => cost.toFixed(0)).join(' ');
  return (
    `${steps} steps in ${calls} calls, us per step by tenths: ${tenths}; last/first ${(last / first).toFixed(2)}; ` +
    `left ${left || 'nothing'}`
  );
}

/** Whether streams of the same chunks end with the same output: thousands of steps of rounding do not add up. */
function agree(ends: readonly Float32Array[]): boolean {
  const [first, ...others] = ends as [Float32Array, ...Float32Array[]];
  return others.every((end) => end.every((value, i) => Math.abs(value - (first[i] as number)) <= 1e-6));
}
