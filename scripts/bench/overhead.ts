/** The cost of a call of a layer beside the engine's own work, for one step of 8 units. */

import * as tf from '@tensorflow/tfjs';
import type * as Contract from '../../src/kernels/contract.js';
import type * as Constants from '../../src/kernels/host/abi/constants.js';
import type * as Structs from '../../src/kernels/host/abi/structs.js';
import type * as CallBuffers from '../../src/kernels/host/call/call-buffers.js';
import type * as Stack from '../../src/kernels/host/call/forward.js';
import type * as Start from '../../src/kernels/host/runtime/start.js';
import type * as Weights from '../../src/kernels/host/weights/packed-weights.js';
import type { StateDict } from '../../src/state-dict/index.js';
import { importBuilt } from './built.js';
import { type BenchCase, makeNumbers, valuesOf } from './cases.js';
import { forward, makeLayer } from './peers/ours.js';
import { type CaseTensors, caseTensors, disposeTensors, readAll } from './peers/tfjs.js';
import { type Summary, summarize } from './stats.js';

const { callOf, listInputs } = await importBuilt<typeof Contract>('kernels/contract.js');
const { DIRECTION, writeStruct } = await importBuilt<typeof Structs>('kernels/host/abi/structs.js');
const { CELL_CODES } = await importBuilt<typeof Constants>('kernels/host/abi/constants.js');
const { commonFields } = await importBuilt<typeof CallBuffers>('kernels/host/call/call-buffers.js');
const { train } = await importBuilt<typeof Stack>('kernels/host/call/forward.js');
const { startEngine } = await importBuilt<typeof Start>('kernels/host/runtime/start.js');
const { WeightCache } = await importBuilt<typeof Weights>('kernels/host/weights/packed-weights.js');

const SIZE = 8;
const CALLS = 1000;

const CASE: BenchCase = {
  name: 'overhead',
  cell: 'gru',
  mode: 'forward',
  inputSize: SIZE,
  hiddenSize: SIZE,
  layers: 1,
  directions: 1,
  batch: 1,
  steps: 1,
};

/** Microseconds a call, in turns of 1,000 calls. */
export interface Overhead {
  /** The engine's function on numbers that lie in its memory. */
  readonly raw: Summary;
  /** `layer.forward`, its results disposed. */
  readonly forward: Summary;
  /** The same with its results read. */
  readonly read: Summary;
}

/** On the active backend. @throws Error where the engine alone computes something else than the layer. */
export function measureOverhead(rounds: number): Overhead {
  const numbers = makeNumbers(CASE);
  const tensors = caseTensors(CASE, numbers);
  const layer = makeLayer(CASE, numbers, 'fused');
  const raw = rawCall(numbers, tensors);
  const call = () => forward(layer, tensors.x, tensors.states);
  const [, hn] = readAll(call());
  if (!raw.result().every((value, i) => value === hn?.[i]))
    throw new Error('the engine alone computes something else than the layer');
  const bodies = [raw.run, () => tf.dispose(call()), () => void readAll(call())];
  const times = bodies.map((): number[] => []);
  // The first turn, which also compiles what it runs, is not counted.
  for (let round = 0; round <= rounds; round++)
    for (const [i, body] of bodies.entries()) {
      const start = performance.now();
      for (let call = 0; call < CALLS; call++) body();
      if (round > 0) times[i]?.push(((performance.now() - start) * 1000) / CALLS);
    }
  layer.dispose();
  disposeTensors(tensors);
  const [rawTimes, forwardTimes, readTimes] = times.map(summarize) as [Summary, Summary, Summary];
  return { raw: rawTimes, forward: forwardTimes, read: readTimes };
}

/** The engine's forward function, with everything where it reads and writes it. */
function rawCall(numbers: StateDict, { x, states }: CaseTensors) {
  const engine = startEngine();
  const weight = (name: string, shape: number[]) => tf.tensor(valuesOf(numbers, name), shape);
  const weights = {
    weight_ih: weight('weight_ih_l0', [3 * SIZE, SIZE]) as tf.Tensor2D,
    weight_hh: weight('weight_hh_l0', [3 * SIZE, SIZE]) as tf.Tensor2D,
    bias_ih: weight('bias_ih_l0', [3 * SIZE]) as tf.Tensor1D,
    bias_hh: weight('bias_hh_l0', [3 * SIZE]) as tf.Tensor1D,
  };
  const attrs = { batchFirst: true, bidirectional: false, hiddenSize: SIZE, projSize: 0 };
  const inputs = { x, initialStates: states, weights: [weights] };
  const call = callOf('GRU', attrs, inputs);
  // A training call leaves its inputs and weights in the engine's memory.
  const cache = new WeightCache(engine);
  const { outputs, reserve } = train(engine, cache, tf.backend(), call, listInputs(call, inputs));
  for (const { dataId } of outputs) tf.backend().disposeData(dataId);
  tf.dispose(weights);
  const fields = commonFields(reserve, reserve.groups[0] as CallBuffers.Group, 0);
  fields.reserve = 0;
  fields.hn = engine.arena.allocate(SIZE);
  fields.chunk_rows = 1;
  fields.scratch = engine.arena.allocate(engine.functions.forward_scratch(CELL_CODES.GRU, 1, SIZE, 0, 1));
  fields.unit_end = SIZE;
  const at = engine.arena.allocate(DIRECTION.length);
  writeStruct(engine, at, DIRECTION, fields);
  return {
    run: () => void engine.functions.forward(engine.base, at),
    result: () => {
      engine.functions.forward(engine.base, at);
      return engine.floats(fields.hn, SIZE);
    },
  };
}
