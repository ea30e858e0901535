/** One layer or cell, forward and backward, against what torch computed. */

import type * as tf from '@tensorflow/tfjs';
import type { FloatTensor, RecurrentFixture } from '../../support/fixtures.js';
import { gradientsOf, lossOf, withVariables } from '../../support/gradients.js';
import {
  expectedResults,
  type Inputs,
  maxAbs,
  maxDifference,
  type Results,
  type Subject,
} from '../../support/parity.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from '../../support/tolerance.js';

/** The largest errors seen, gradients relative to their tensor. */
export interface WorstErrors {
  forward: number;
  gradient: number;
}

/** Compares on the active backend. @throws Error naming the first tensor that differs too much. */
export async function compareSubject(
  fixture: RecurrentFixture,
  { layer, compute }: Subject,
  worst: WorstErrors,
): Promise<void> {
  await withVariables(fixture, layer, (variables) => compareForward(fixture, compute(variables), worst));
  for (const loss of Object.keys(fixture.gradients))
    await withVariables(fixture, layer, (variables) =>
      compareGradients(fixture, compute, variables, loss, worst),
    );
}

async function compareForward(
  fixture: RecurrentFixture,
  results: Results,
  worst: WorstErrors,
): Promise<void> {
  const expected = expectedResults(fixture);
  const [got, wanted] = [Object.keys(results).join(), [...expected.keys()].join()];
  check(got === wanted, `results ${got}, torch has ${wanted}`);
  for (const [name, tensor] of expected) {
    const error = await absoluteError(results[name] as tf.Tensor, tensor, name);
    worst.forward = Math.max(worst.forward, error);
    check(error <= FORWARD_TOLERANCE, `${name}: ${error} > ${FORWARD_TOLERANCE}`);
  }
}

async function compareGradients(
  fixture: RecurrentFixture,
  compute: (inputs: Inputs) => Results,
  variables: Map<string, tf.Variable>,
  loss: string,
  worst: WorstErrors,
): Promise<void> {
  const expected = fixture.gradients[loss] ?? {};
  const actual = gradientsOf(() => lossOf(compute(variables), fixture, loss), variables);
  const [got, wanted] = [[...actual.keys()], Object.keys(expected)].map((names) => names.sort().join());
  check(got === wanted, `gradients of ${got}, torch has ${wanted}`);
  for (const [name, gradient] of actual) {
    const what = `gradient of ${name} from a loss on ${loss}`;
    const reference = expected[name] as FloatTensor;
    // A gradient below SMALLEST_GRADIENT is the rounding of larger terms that cancelled.
    const scale = Math.max(maxAbs(reference.data), SMALLEST_GRADIENT);
    const error = (await absoluteError(gradient, reference, what)) / scale;
    worst.gradient = Math.max(worst.gradient, error);
    check(error <= GRADIENT_TOLERANCE, `${what}: ${error} of ${scale} > ${GRADIENT_TOLERANCE}`);
  }
}

/** The same run with NaN in the padded steps of x: torch does not read them, and the layer must not. */
export function withPoisonedPadding<F extends RecurrentFixture>(fixture: F): F {
  if (!('output' in fixture) || !fixture.lengths) return fixture;
  const { lengths, config, x } = fixture;
  const data = x.data.slice();
  const [outer, inner, features] = x.shape as [number, number, number];
  for (let i = 0; i < outer * inner; i++) {
    const [row, column] = [Math.floor(i / inner), i % inner];
    const [b, t] = config.batchFirst ? [row, column] : [column, row];
    if (t >= (lengths[b] as number)) data.fill(Number.NaN, i * features, (i + 1) * features);
  }
  return { ...fixture, x: { ...x, data } };
}

async function absoluteError(actual: tf.Tensor, expected: FloatTensor, what: string): Promise<number> {
  const [got, wanted] = [actual.shape.join(), expected.shape.join()];
  check(got === wanted, `${what}: shape [${got}], torch has [${wanted}]`);
  return maxDifference(await actual.data(), expected.data);
}

function check(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
