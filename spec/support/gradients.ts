/** Differentiates a fixture's layer or cell, and compares the gradients with PyTorch's. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { FloatTensor, NamedTensors, RecurrentRun } from './fixtures.js';
import { maxAbs, maxDifference, type Results, type Subject, toTensor } from './parity.js';
import { tidied } from './tidied.js';
import { GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from './tolerance.js';

/** Each result and the factor R of the loss `sum(result * R)`: of a layer, then of a cell. */
const FACTORS = { output: 'R', hn: 'Rh', cn: 'Rc', h: 'R', c: 'Rc' } as const;

/** `sum(result * R)` of the named result, or the sum of the losses on all of them: `sum`. */
export function lossOf(results: Results, run: RecurrentRun, loss: string): tf.Scalar {
  const factors = run as unknown as NamedTensors;
  const names = loss === 'sum' ? Object.keys(results) : [loss];
  const terms = names.map((name) =>
    weighted(results[name]!, toTensor(factors[FACTORS[name as keyof typeof FACTORS]]!)),
  );
  return tf.addN(terms) as tf.Scalar;
}

export function weighted(tensor: tf.Tensor, factors: tf.Tensor): tf.Scalar {
  return tf.sum(tf.mul(tensor, factors));
}

/** An empty batch has gradients that are empty or exactly zero; there only the values are compared. */
export async function expectGradient(
  actual: tf.Tensor,
  expected: FloatTensor,
  what: string,
  isEmptyBatch = false,
): Promise<void> {
  expect(actual.shape, `shape of ${what}`).to.deep.equal(expected.shape);
  const scale = maxAbs(expected.data);
  if (!isEmptyBatch) expect(scale, `scale of ${what}`).to.be.above(SMALLEST_GRADIENT);
  expect(maxDifference(await actual.data(), expected.data), what).to.be.at.most(GRADIENT_TOLERANCE * scale);
}

/**
 * Runs `body` in a tidy with variables to differentiate by, under torch's names: `x`, `h0` and `c0` where the run has
 * them, and the weights.
 */
export async function withVariables(
  run: RecurrentRun,
  layer: Subject['layer'],
  body: (variables: Map<string, tf.Variable>) => Promise<void>,
): Promise<void> {
  const { x, h0, c0 } = run;
  const inputs = new Map<string, tf.Variable>();
  try {
    await tidied(async () => {
      for (const [name, tensor] of Object.entries({ x, h0, c0 }))
        if (tensor) inputs.set(name, tf.variable(toTensor(tensor)));
      const weights = layer.weights.map(
        (weight) => [torchName(weight), weight.read() as tf.Variable] as const,
      );
      await body(new Map([...inputs, ...weights]));
    });
  } finally {
    for (const variable of inputs.values()) variable.dispose();
  }
}

function torchName(weight: { readonly originalName: string }): string {
  return weight.originalName.slice(weight.originalName.indexOf('/') + 1);
}

/** The gradients of `loss` by torch's names. tfjs leaves out those of variables that the loss does not depend on: zeros. */
export function gradientsOf(
  loss: () => tf.Scalar,
  variables: Map<string, tf.Variable>,
): Map<string, tf.Tensor> {
  const { grads } = tf.variableGrads(loss, [...variables.values()]);
  return new Map(
    [...variables].map(([name, variable]) => [name, grads[variable.name] ?? tf.zerosLike(variable)]),
  );
}

export async function expectGradients(
  actual: Map<string, tf.Tensor>,
  expected: NamedTensors,
  isEmptyBatch = false,
): Promise<void> {
  expect([...actual.keys()]).to.have.members(Object.keys(expected));
  for (const [name, gradient] of actual)
    await expectGradient(gradient, expected[name] as FloatTensor, `gradient of ${name}`, isEmptyBatch);
}
