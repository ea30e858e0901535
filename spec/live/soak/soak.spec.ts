/**
 * Long streams: a GRU and an LSTM take 100,000 steps in short calls, by `forward` with the states carried by hand and by
 * stateful `apply`. A stream must leave nothing behind. The cost of a step is printed for each tenth of a stream.
 *
 *     npm run soak -- [--backends cpu,wasm,tensorflow] [--steps N] [--seed N]
 */

import * as tf from '@tensorflow/tfjs';
import { gru, lstm } from '../../../src/index.js';
import { availableBackends } from '../../support/backends.js';
import { check, LIVE_ARGUMENTS } from '../command.js';
import { readOptions } from './options.js';
import { type Chunks, LONGEST_CHUNK, soak, textOf } from './soak.js';
import { type Layer, STREAMS } from './streams.js';

const [BATCH, INPUT, HIDDEN] = [2, 2, 3];
const LAYERS = { GRU: gru, LSTM: lstm };

/** Streams of the same chunks end with the same output: the rounding of thousands of steps does not add up. */
const END_TOLERANCE = 1e-6;

const { backends, steps, seed } = readOptions(LIVE_ARGUMENTS);

async function startBackend(name: string): Promise<void> {
  // Nothing else loads tfjs-node, which takes a second and prints.
  const isAbsent = name === 'tensorflow' && !(await availableBackends()).includes(name);
  if (isAbsent || !(await tf.setBackend(name))) throw new Error(`the ${name} backend does not start`);
}

function describeLayer(backend: string, name: keyof typeof LAYERS, chunks: () => Chunks): void {
  const again = `npm run soak -- --backends ${backend} --steps ${steps} --seed ${seed}`;
  const ends = new Map<string, Float32Array>();
  let layer: Layer;
  before(() => {
    layer = LAYERS[name]({ hiddenSize: HIDDEN, stateful: true, returnState: true, seed });
  });
  after(() => layer.dispose());
  for (const [call, start] of Object.entries(STREAMS))
    check(`${name}.${call} leaves nothing behind`, again, () => {
      const result = soak(() => start(layer), chunks(), { steps, seed });
      ends.set(call, result.lastOutput);
      console.log(`    ${textOf(result)}`);
      if (result.left !== '') throw new Error(`left ${result.left}`);
    });
  check(`${name}: forward and apply end with the same output`, again, () => {
    const [a, b] = Object.keys(STREAMS).map((call) => ends.get(call));
    const differs = !a || !b || a.some((value, i) => !(Math.abs(value - (b[i] as number)) <= END_TOLERANCE));
    if (differs) throw new Error(`expected values within ${END_TOLERANCE}, got ${a} and ${b}`);
  });
}

describe(`streams of ${steps} steps, seed ${seed}`, () => {
  before(() => tf.enableProdMode());
  for (const backend of backends)
    describe(backend, () => {
      let chunks: tf.Tensor[] = [];
      before(async () => {
        await startBackend(backend);
        chunks = Array.from({ length: LONGEST_CHUNK }, (_, i) =>
          tf.randomNormal([BATCH, i + 1, INPUT], 0, 1, 'float32', seed + i),
        );
      });
      after(() => tf.dispose(chunks));
      for (const name of ['GRU', 'LSTM'] as const)
        describe(name, () => describeLayer(backend, name, () => chunks));
    });
});
