import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { UnsupportedError } from '../../../../src/errors.js';
import {
  callOf,
  type DirectionWeights,
  groupInputs,
  listInputs,
  roleOf,
} from '../../../../src/kernels/contract.js';
import { BufferCache } from '../../../../src/kernels/host/call/buffer-cache.js';
import { infer, train } from '../../../../src/kernels/host/call/forward.js';
import { Arena, type ArenaMemory } from '../../../../src/kernels/host/runtime/arena.js';
import type { Engine } from '../../../../src/kernels/host/runtime/engine.js';
import { makeEngine } from '../../../../src/kernels/host/runtime/wasm.js';
import { StackGradient } from '../../../../src/kernels/host/training/gradient.js';
import { WeightCache } from '../../../../src/kernels/host/weights/packed-weights.js';
import { CELLS, type Cell } from '../../../../src/torch/cells.js';
import { Random } from '../../../support/random.js';

interface Shape {
  readonly cell: Cell;
  readonly batch: number;
  readonly steps: number;
  readonly projSize: number;
  readonly hasLengths: boolean;
}

const [INPUT, HIDDEN] = [3, 5];

/** The inputs of a call of two layers in two directions. */
function makeInputs({ cell, batch, steps, projSize, hasLengths }: Shape) {
  const rows = CELLS[cell].gates * HIDDEN;
  const outSize = projSize || HIDDEN;
  const direction = (inputSize: number): DirectionWeights => ({
    weight_ih: tf.randomNormal([rows, inputSize]),
    weight_hh: tf.randomNormal([rows, outSize]),
    bias_ih: tf.randomNormal([rows]),
    bias_hh: tf.randomNormal([rows]),
    ...(projSize > 0 && { weight_hr: tf.randomNormal([projSize, HIDDEN]) as tf.Tensor2D }),
  });
  const inputs = {
    x: tf.randomNormal([batch, steps, INPUT]) as tf.Tensor3D,
    initialStates: [tf.randomNormal([4, batch, outSize])].concat(
      cell === 'LSTM' ? [tf.randomNormal([4, batch, HIDDEN])] : [],
    ) as tf.Tensor3D[],
    weights: [INPUT, INPUT, 2 * outSize, 2 * outSize].map(direction),
    lengths: hasLengths
      ? tf.tensor1d(
          Array.from({ length: batch }, (_, b) => 1 + (b % steps)),
          'int32',
        )
      : undefined,
  };
  const call = callOf(cell, { batchFirst: true, bidirectional: true, hiddenSize: HIDDEN, projSize }, inputs);
  return { call, tensors: listInputs(call, inputs) };
}

/** Forward and every gradient, as a tape would ask for them. @returns the values of all. */
function trainOnce(
  engine: Engine,
  cache: WeightCache,
  { call, tensors }: ReturnType<typeof makeInputs>,
): number[][] {
  const backend = tf.backend() as tf.KernelBackend;
  const made: tf.TensorInfo[] = [];
  const values = (infos: tf.TensorInfo[]) => {
    made.push(...infos);
    return infos.map(({ dataId }) => [...(backend.readSync(dataId) as Float32Array)]);
  };
  const { outputs, reserve } = train(engine, cache, backend, call, tensors);
  try {
    const results = values(outputs);
    const { directions } = groupInputs<tf.TensorInfo>(call, tensors);
    const gradient = new StackGradient(engine, reserve, backend, directions, outputs);
    try {
      for (const input of tensors.keys()) {
        const role = roleOf(call, input);
        if (role.kind !== 'lengths') results.push(...values([gradient.of(role, backend)]));
      }
      return results;
    } finally {
      gradient.release();
    }
  } finally {
    reserve.scope.release();
    for (const packed of reserve.weights) packed.users--;
    for (const { dataId } of made) backend.disposeData(dataId);
  }
}

/** Fails at one allocation. */
class FailingArena extends Arena {
  left = Infinity;

  override allocate(floats: number): number {
    if (this.left-- === 0) throw new UnsupportedError('no room');
    return super.allocate(floats);
  }
}

/** An engine whose memory is part of another's, and can fail. */
function failingEngine(): { engine: Engine; arena: FailingArena } {
  const whole = makeEngine();
  const memory: ArenaMemory = { size: 2 ** 16, limit: 2 ** 16, grow: () => false };
  whole.arena.allocate(memory.limit);
  const arena = new FailingArena(memory);
  return { engine: { ...whole, arena }, arena };
}

const SHAPES: readonly Shape[] = [
  { cell: 'GRU', batch: 3, steps: 4, projSize: 0, hasLengths: true },
  { cell: 'LSTM', batch: 2, steps: 3, projSize: 2, hasLengths: false },
  { cell: 'RNN_TANH', batch: 1, steps: 2, projSize: 0, hasLengths: false },
];

describe('a stack on the engine', () => {
  for (const shape of SHAPES)
    it(`gives back what it took wherever memory ends, and computes the same afterwards: ${shape.cell}`, () => {
      const { engine, arena } = failingEngine();
      const cache = new WeightCache(engine);
      tf.tidy(() => {
        const call = makeInputs(shape);
        // On tensors of its own, so that weights are packed again and go when the tensors do.
        const run = () => {
          const tensors = call.tensors.map((tensor) =>
            tf.tensor(tensor.dataSync(), tensor.shape, tensor.dtype),
          );
          try {
            return trainOnce(engine, cache, { ...call, tensors });
          } finally {
            tf.dispose(tensors);
            arena.left = Infinity;
            cache.sweepAll();
          }
        };
        const expected = run();
        expect(arena.floatsInUse).to.equal(0);
        let failures = 0;
        for (let isDone = false; !isDone; ) {
          arena.left = failures;
          try {
            expect(run()).to.deep.equal(expected);
            isDone = true;
          } catch (error) {
            if (!(error instanceof UnsupportedError)) throw error;
            failures++;
          }
          expect(arena.floatsInUse, `after ${failures} allocations`).to.equal(0);
        }
        expect(failures).to.be.greaterThan(50);
      });
    });

  it('takes no more memory after 10,000 calls of changing shapes', function () {
    this.timeout(120_000);
    const engine = makeEngine();
    const cache = new WeightCache(engine);
    const bufferCache = new BufferCache();
    const random = new Random(1);
    const sizes: number[] = [];
    tf.tidy(() => {
      const call = makeInputs({ cell: 'GRU', batch: 1, steps: 1, projSize: 0, hasLengths: false });
      for (let i = 0; i < 10_000; i++)
        tf.tidy(() => {
          const shape = [random.integer(1, 40), random.integer(1, 60)];
          const x = tf.zeros([...shape, INPUT]);
          const h0 = tf.zeros([4, shape[0]!, HIDDEN]);
          const tensors = [x, h0, ...call.tensors.slice(2)];
          if (random.chance(0.2)) trainOnce(engine, cache, { ...call, tensors });
          else
            for (const { dataId } of infer(engine, cache, bufferCache, tf.backend(), call.call, tensors))
              tf.backend().disposeData(dataId);
          if (i % 1000 === 999) {
            bufferCache.clear();
            sizes.push(engine.floats(0, Infinity).length, engine.arena.floatsInUse);
          }
        });
    });
    const [size, used] = sizes.slice(2) as [number, number];
    expect(new Set(sizes.slice(2))).to.deep.equal(new Set([size, used]));
  });
});
