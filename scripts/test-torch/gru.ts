/** Random GRUs, forward and backward, against torch.nn.GRU. */

import * as tf from '@tensorflow/tfjs';
import type { FloatTensor, GruConfig, GruFixture, NamedTensors } from '../../spec/support/fixtures.js';
import {
  gradientsOf,
  layerOf,
  maxAbs,
  maxDifference,
  toTensor,
  withVariables,
} from '../../spec/support/parity.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from '../../spec/support/tolerance.js';
import type { GRU } from '../../src/index.js';
import type { Oracle } from './oracle.js';
import { Random } from './random.js';

/** Around the widths of SIMD registers and unrolled loops, mostly beside them. */
const FEATURE_SIZES = [1, 2, 3, 5, 6, 7, 8, 9, 13, 16, 17, 33];
const BATCH_SIZES = [0, 1, 1, 2, 3, 5, 7, 9];
const MAX_STEPS = 9;

export interface GruCase {
  readonly seed: number;
  readonly config: GruConfig;
  readonly steps: number;
  /** null: unbatched. */
  readonly batch: number | null;
  readonly hasH0: boolean;
  readonly lengths: readonly number[] | null;
}

/** The largest errors seen, gradients relative to their tensor. */
export interface WorstErrors {
  forward: number;
  gradient: number;
}

/** The seed alone decides the case. */
export function randomCase(seed: number): GruCase {
  const random = new Random(seed);
  const config = {
    inputSize: random.pick(FEATURE_SIZES),
    hiddenSize: random.pick(FEATURE_SIZES),
    numLayers: random.integer(1, 3),
    bias: random.chance(0.7),
    batchFirst: random.chance(0.5),
    bidirectional: random.chance(0.5),
  };
  const steps = random.integer(1, MAX_STEPS);
  const batch = random.chance(0.1) ? null : random.pick(BATCH_SIZES);
  const hasH0 = random.chance(0.6);
  // torch refuses to pack an empty batch.
  const lengths =
    batch && random.chance(0.5) ? Array.from({ length: batch }, () => random.integer(1, steps)) : null;
  return { seed, config, steps, batch, hasH0, lengths };
}

/** What torch computes for a case. */
export async function askTorch(oracle: Oracle, gruCase: GruCase): Promise<GruFixture> {
  const name = String(gruCase.seed);
  return { name, ...(await oracle.ask<Omit<GruFixture, 'name'>>({ command: 'gru', name, ...gruCase })) };
}

/** Compares the layer on the active backend with torch. @throws Error naming the first tensor that differs too much. */
export function compareGru(fixture: GruFixture, worst: WorstErrors): void {
  const run = withPoisonedPadding(fixture);
  const layer = layerOf(run);
  try {
    compareForward(run, layer, worst);
    for (const loss of ['output', 'hn'] as const) compareGradients(run, layer, loss, worst);
  } finally {
    layer.dispose();
  }
}

function compareForward(run: GruFixture, layer: GRU, worst: WorstErrors): void {
  tf.tidy(() => {
    const h0 = run.h0 && toTensor(run.h0);
    const results = layer.forward(toTensor(run.x), { h0, lengths: run.lengths });
    for (const name of ['output', 'hn'] as const) {
      const error = absoluteError(results[name], run[name], name);
      worst.forward = Math.max(worst.forward, error);
      check(error <= FORWARD_TOLERANCE, `${name}: ${error} > ${FORWARD_TOLERANCE}`);
    }
  });
}

function compareGradients(run: GruFixture, layer: GRU, loss: 'output' | 'hn', worst: WorstErrors): void {
  withVariables(run, layer, (variables) => {
    const factor = toTensor(loss === 'output' ? run.R : run.Rh);
    const lossOf = () => {
      const options = { h0: variables.get('h0'), lengths: run.lengths };
      return tf.sum(
        tf.mul(layer.forward(variables.get('x') as tf.Variable, options)[loss], factor),
      ) as tf.Scalar;
    };
    const expected: NamedTensors = run.gradients[loss];
    for (const [name, gradient] of gradientsOf(lossOf, variables)) {
      const what = `gradient of ${name} from a loss on ${loss}`;
      const reference = expected[name] as FloatTensor;
      // Below SMALLEST_GRADIENT larger terms have cancelled, and what is left is their rounding.
      const scale = Math.max(maxAbs(reference.data), SMALLEST_GRADIENT);
      const error = absoluteError(gradient, reference, what) / scale;
      worst.gradient = Math.max(worst.gradient, error);
      check(error <= GRADIENT_TOLERANCE, `${what}: ${error} of ${scale} > ${GRADIENT_TOLERANCE}`);
    }
  });
}

/** The same run with NaN in the padded steps of x, which torch does not read and the layer must not either. */
function withPoisonedPadding(run: GruFixture): GruFixture {
  const { lengths, config } = run;
  if (!lengths) return run;
  const data = run.x.data.slice();
  const [outer, inner, features] = run.x.shape as [number, number, number];
  for (let i = 0; i < outer * inner; i++) {
    const [row, column] = [Math.floor(i / inner), i % inner];
    const [b, t] = config.batchFirst ? [row, column] : [column, row];
    if (t >= lengths[b]) data.fill(Number.NaN, i * features, (i + 1) * features);
  }
  return { ...run, x: { ...run.x, data } };
}

function absoluteError(actual: tf.Tensor, expected: FloatTensor, what: string): number {
  const [got, wanted] = [actual.shape.join(), expected.shape.join()];
  check(got === wanted, `${what}: shape [${got}], torch has [${wanted}]`);
  return maxDifference(actual.dataSync(), expected.data);
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
