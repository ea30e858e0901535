/** Puts a PyTorch fixture into a layer, and compares results with it. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { type GRU, type GRUArgs, gru } from '../../src/index.js';
import type { FloatTensor, GruRun, NamedTensors } from './fixtures.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from './tolerance.js';

export function toTensor({ data, shape }: FloatTensor): tf.Tensor {
  return tf.tensor(data, [...shape], 'float32');
}

/** A built layer that holds the fixture's weights; the caller disposes it. */
export function layerOf(run: GruRun, args: Partial<GRUArgs> = {}): GRU {
  const layer = gru({ ...run.config, ...args });
  layer.ensureBuilt(run.config.inputSize);
  tf.tidy(() =>
    layer.setWeights([...run.stateDict.values()].map((tensor) => toTensor(tensor as FloatTensor))),
  );
  return layer;
}

export function maxAbs(values: ArrayLike<number>): number {
  return Array.from(values).reduce((max, value) => Math.max(max, Math.abs(value)), 0);
}

/** The largest difference; NaN where one side is not a number. */
export function maxDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).to.equal(expected.length);
  return maxAbs(Array.from(actual, (value, i) => value - (expected[i] as number)));
}

export function expectForward(actual: tf.Tensor, expected: FloatTensor, what: string): void {
  expect(actual.shape, `shape of ${what}`).to.deep.equal(expected.shape);
  expect(maxDifference(actual.dataSync(), expected.data), what).to.be.at.most(FORWARD_TOLERANCE);
}

/** An empty batch has gradients that are empty or exactly zero; there only the values are compared. */
export function expectGradient(
  actual: tf.Tensor,
  expected: FloatTensor,
  what: string,
  isEmptyBatch = false,
): void {
  expect(actual.shape, `shape of ${what}`).to.deep.equal(expected.shape);
  const scale = maxAbs(expected.data);
  if (!isEmptyBatch) expect(scale, `scale of ${what}`).to.be.above(SMALLEST_GRADIENT);
  expect(maxDifference(actual.dataSync(), expected.data), what).to.be.at.most(GRADIENT_TOLERANCE * scale);
}

/**
 * Runs `body` in a tidy with variables to differentiate by, under torch's names: `x`, `h0` where the run has one, and
 * the layer's weights.
 */
export function withVariables(
  run: GruRun,
  layer: GRU,
  body: (variables: Map<string, tf.Variable>) => void,
): void {
  const inputs = new Map<string, tf.Variable>();
  tf.tidy(() => {
    inputs.set('x', tf.variable(toTensor(run.x)));
    if (run.h0) inputs.set('h0', tf.variable(toTensor(run.h0)));
    const weights = layer.weights.map((weight) => [torchName(weight), weight.read() as tf.Variable] as const);
    body(new Map([...inputs, ...weights]));
  });
  for (const variable of inputs.values()) variable.dispose();
}

function torchName(weight: { readonly originalName: string }): string {
  return weight.originalName.slice(weight.originalName.indexOf('/') + 1);
}

/** The gradients of `loss` by torch's names. */
export function gradientsOf(
  loss: () => tf.Scalar,
  variables: Map<string, tf.Variable>,
): Map<string, tf.Tensor> {
  const { grads } = tf.variableGrads(loss, [...variables.values()]);
  return new Map([...variables].map(([name, variable]) => [name, grads[variable.name] as tf.Tensor]));
}

export function expectGradients(
  actual: Map<string, tf.Tensor>,
  expected: NamedTensors,
  isEmptyBatch = false,
): void {
  expect([...actual.keys()]).to.have.members(Object.keys(expected));
  for (const [name, gradient] of actual)
    expectGradient(gradient, expected[name] as FloatTensor, `gradient of ${name}`, isEmptyBatch);
}
