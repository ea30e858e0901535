/** The language identifier of the examples, as a program and as its port to tf.layers. */

import * as tf from '@tensorflow/tfjs';
import type * as Api from 'tfjs-torch-rnn';
import type * as Program from '../../../src/program/index.js';
import { importBuilt } from '../built.js';
import type { Pair } from './pairs.js';

const { gru, loadStateDict, readStateDict } = await importBuilt<typeof Api>('index.js');
const { readExportedProgram } = await importBuilt<typeof Program>('program/index.js');

const EXAMPLE = new URL('../../../examples/language-id/', import.meta.url);
const ROWS = 32;
/** Of the longest row; the shortest has SHORTEST. */
const [STEPS, SHORTEST] = [40, 12];
const TOLERANCE = 1e-5;

/** @throws Error where both compute different values. */
export async function openClassifier(): Promise<Pair> {
  const weights = await readStateDict(new URL('model.safetensors', EXAMPLE));
  const sizeOf = (key: string) => weights.get(key)?.shape as readonly [number, number];
  const [inputDim, outputDim] = sizeOf('embedding.weight');
  const port = tf.sequential({
    layers: [
      tf.layers.embedding({ name: 'embedding', inputDim, outputDim, maskZero: true }),
      gru({
        name: 'gru',
        hiddenSize: sizeOf('gru.weight_hh_l0')[1],
        bidirectional: true,
        returnSequences: false,
      }),
      tf.layers.dense({ name: 'fc', units: sizeOf('fc.weight')[0] }),
    ],
  });
  loadStateDict(port, weights);
  const program = await readExportedProgram(new URL('model.pt2', EXAMPLE));

  const counts = Array.from({ length: ROWS }, (_, row) => SHORTEST + (row % (STEPS - SHORTEST + 1)));
  const tokens = counts.map((count, row) =>
    Array.from({ length: STEPS }, (_, step) =>
      step < count ? 1 + ((7 * row + 3 * step) % (inputDim - 1)) : 0,
    ),
  );
  const [ids, lengths] = [tf.tensor2d(tokens, undefined, 'int32'), tf.tensor1d(counts, 'int32')];
  const runProgram = () => program.forward(ids, lengths) as tf.Tensor;
  const runPort = () => tf.tidy(() => port.apply(ids) as tf.Tensor);

  const results = [runProgram(), runPort()] as const;
  const [own, hand] = await Promise.all(results.map((result) => result.data()));
  tf.dispose([...results]);
  if (
    !own?.every(
      (value, i) => Math.abs(value - (hand?.[i] as number)) <= TOLERANCE * Math.max(1, Math.abs(value)),
    )
  )
    throw new Error('the classifier computes something else than its port');
  return {
    program: () => runProgram().dispose(),
    byHand: () => runPort().dispose(),
    dispose: () => {
      program.dispose();
      port.dispose();
      tf.dispose([ids, lengths]);
    },
  };
}
