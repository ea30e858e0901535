/** What a program holds at most, beside straight-line code of the same calls of tf, each of whose tensors is disposed at its last use. */

import * as tf from '@tensorflow/tfjs';

export interface Peaks {
  /** What `tf.profile` tells. */
  readonly actual: number;
  /** That of straight-line code. */
  readonly lean: number;
}

/**
 * Bytes, those of `held` among them.
 *
 * @param run  gives the outputs, which the caller disposes.
 * @param held  what is there in any case: weights and inputs.
 */
export async function peaksOf(run: () => tf.Tensor[], held: readonly tf.Tensor[]): Promise<Peaks> {
  const own = held.reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const { numBytes } = tf.memory();
  const { calls, outputs, peakBytes } = await recorded(run);
  const last = new Map<number, number>();
  for (const [i, { inputs }] of calls.entries()) for (const id of inputs.keys()) last.set(id, i);
  for (const { id } of outputs) last.set(id, calls.length);
  const known = new Set(held.map(({ id }) => id));
  let [live, lean] = [0, 0];
  for (const [i, { inputs, made, growth }] of calls.entries()) {
    // Constants are made beside the calls.
    for (const [id, bytes] of inputs) if (!known.has(id)) live += bytes;
    lean = Math.max(lean, live + growth);
    for (const [id, bytes] of inputs)
      if (last.get(id) === i && !held.some((tensor) => tensor.id === id)) live -= bytes;
    for (const id of inputs.keys()) known.add(id);
    for (const [id, bytes] of made) {
      if ((last.get(id) ?? i) > i) live += bytes;
      known.add(id);
    }
  }
  return { actual: own + peakBytes - numBytes, lean: own + lean };
}

/** A call of tf: what it gets and makes, in bytes by the ids of the tensors, and by how many bytes memory grows while it runs. */
interface Call {
  readonly inputs: Map<number, number>;
  readonly made: Map<number, number>;
  growth: number;
}

interface Kernel {
  readonly kernelName?: string;
  readonly inputs: object;
}

/** The parts of tfjs's engine through which each call of tf goes. */
interface Engine {
  startScope(name?: string): void;
  endScope(result?: unknown): void;
  runKernelFunc(kernel: Kernel): tf.Tensor | tf.Tensor[];
}

/** tfjs opens a scope of such a name for each call. */
const CALL = /__op$/;

async function recorded(run: () => tf.Tensor[]) {
  const engine = tf.engine() as unknown as Engine;
  const { startScope, endScope, runKernelFunc } = engine;
  const calls: Call[] = [];
  const scopes: boolean[] = [];
  let [depth, start] = [0, 0];
  const begin = () => {
    if (depth++ > 0) return;
    start = tf.memory().numBytes;
    calls.push({ inputs: new Map(), made: new Map(), growth: 0 });
  };
  const own: Engine = {
    startScope(name) {
      const isCall = CALL.test(name ?? '');
      scopes.push(isCall);
      if (isCall) begin();
      startScope.call(engine, name);
    },
    endScope(result) {
      endScope.call(engine, result);
      if (scopes.pop()) depth--;
    },
    runKernelFunc(kernel) {
      // Without a name it is a function with a gradient of its own, of other calls.
      if (kernel.kernelName === undefined) return runKernelFunc.call(engine, kernel);
      begin();
      const result = runKernelFunc.call(engine, kernel);
      depth--;
      const { inputs, made } = calls.at(-1) as Call;
      for (const tensor of Object.values(kernel.inputs).flat())
        if (tensor && !made.has(tensor.id)) inputs.set(tensor.id, bytesOf(tensor));
      for (const tensor of [result].flat()) made.set(tensor.id, bytesOf(tensor));
      const call = calls.at(-1) as Call;
      call.growth = Math.max(call.growth, tf.memory().numBytes - start);
      return result;
    },
  };
  Object.assign(engine, own);
  try {
    let outputs: tf.Tensor[] = [];
    const { peakBytes } = await tf.profile(() => {
      outputs = run();
      return tf.scalar(0);
    });
    return { calls, outputs, peakBytes };
  } finally {
    for (const name of Object.keys(own)) delete (engine as unknown as Record<string, unknown>)[name];
  }
}

function bytesOf({ size, dtype }: tf.Tensor): number {
  return size * tf.util.bytesPerElement(dtype);
}
