/** Calls of the op at random values: outputs, states and every gradient, by one set of kernels or by the reference. */

import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  callOf,
  listInputs,
  type RecurrentKernels,
  type StackInputs,
  type StackOutputs,
} from '../../../src/kernels/contract.js';
import { runFused } from '../../../src/ops/fused.js';
import { runReference } from '../../../src/ops/reference/recurrence.js';
import { CELLS, type Cell, stackParameters } from '../../../src/torch/cells.js';
import { describeEachBackend } from '../../support/backends.js';
import { maxAbs, maxDifference } from '../../support/parity.js';
import { GRADIENT_TOLERANCE } from '../../support/tolerance.js';

export interface Case {
  readonly cell: Cell;
  readonly hiddenSize: number;
  readonly batch: number;
  readonly steps: number;
  readonly inputSize?: number;
  readonly numLayers?: number;
  readonly bidirectional?: boolean;
  readonly batchFirst?: boolean;
  readonly bias?: boolean;
  readonly hasStates?: boolean;
  readonly lengths?: readonly number[];
  /** Of x. */
  readonly scale?: number;
}

/** Declares suites that run on webgpu alone, in a page of a browser. */
export function describeOnWebGpu(title: string, body: () => void): void {
  describeEachBackend(title, (backend) => {
    if (backend !== 'webgpu') return;
    // A software adapter compiles a shader in half a second, and the reference has many.
    beforeEach(function () {
      this.currentTest?.timeout(180_000);
    });
    body();
  });
}

/** The tensors of a case by name; the caller disposes them. */
export class CaseTensors {
  readonly named = new Map<string, tf.Variable>();
  readonly inputs: StackInputs;
  readonly attrs: { batchFirst: boolean; bidirectional: boolean; hiddenSize: number; projSize: number };
  private seed = 1;

  constructor(readonly of: Case) {
    const { cell, hiddenSize, batch, steps, inputSize = 3, numLayers = 1, bidirectional = false } = of;
    const { batchFirst = true, bias = true, hasStates = true, lengths, scale = 1 } = of;
    this.attrs = { batchFirst, bidirectional, hiddenSize, projSize: 0 };
    const { gates, states } = CELLS[cell];
    const directions = numLayers * (bidirectional ? 2 : 1);
    const x = this.add('x', batchFirst ? [batch, steps, inputSize] : [steps, batch, inputSize], scale);
    const initialStates = hasStates
      ? states.map((state) => this.add(`${state}0`, [directions, batch, hiddenSize], 1))
      : undefined;
    const bound = 1 / Math.sqrt(hiddenSize);
    const options = { hiddenSize, projSize: 0, bias, numLayers, bidirectional };
    const weights = Array.from({ length: directions }, (): Record<string, tf.Tensor> => ({}));
    for (const [name, shape] of stackParameters(gates, inputSize, options)) {
      const [, kind, layer, reverse] = /^(\w+)_l(\d+)(_reverse)?$/.exec(name) as unknown as string[];
      const k = Number(layer) * (bidirectional ? 2 : 1) + (reverse ? 1 : 0);
      (weights[k] as Record<string, tf.Tensor>)[kind as string] = this.add(name, shape, bound);
    }
    this.inputs = {
      x,
      initialStates,
      weights: weights as unknown as StackInputs['weights'],
      lengths: lengths && tf.tensor1d([...lengths], 'int32'),
    } as StackInputs;
  }

  private add(name: string, shape: number[], bound: number): tf.Tensor3D {
    const variable = tf.tidy(() =>
      tf.variable(tf.randomUniform(shape, -bound, bound, 'float32', this.seed++)),
    );
    this.named.set(name, variable);
    return variable as unknown as tf.Tensor3D;
  }

  dispose(): void {
    for (const variable of this.named.values()) variable.dispose();
    this.inputs.lengths?.dispose();
  }
}

/** Runs a call. @param kernels undefined: the reference */
export function run(
  { of: { cell }, inputs, attrs }: CaseTensors,
  kernels: RecurrentKernels | undefined,
  isTraining = false,
): StackOutputs {
  if (!kernels) return runReference(cell, inputs, attrs);
  const call = callOf(cell, attrs, inputs);
  const list = listInputs(call, inputs);
  expect(kernels.supports({ call, inputs: list, isTraining, isForced: true })).to.equal(undefined);
  return runFused(kernels, call, list, isTraining, 'fused');
}

export function namedOutputs({ output, finalStates }: StackOutputs): [string, tf.Tensor][] {
  return [['output', output], ...finalStates.map((state, i) => [`state ${i}`, state] as [string, tf.Tensor])];
}

/** `sum(output * R) + sum(states * R)` with random R. */
export function lossOf(outputs: StackOutputs): tf.Scalar {
  const terms = namedOutputs(outputs).map(([, y], i) =>
    tf.sum(tf.mul(y, tf.randomUniform(y.shape, -1, 1, 'float32', 100 + i))),
  );
  return tf.addN(terms) as tf.Scalar;
}

/** The outputs without and with a tape, and the gradients of x, the states and the weights. */
export async function resultsOf(
  tensors: CaseTensors,
  kernels: RecurrentKernels | undefined,
): Promise<Map<string, Float32Array>> {
  const variables = [...tensors.named.values()];
  const made = tf.tidy(() => {
    const all: [string, tf.Tensor][] = namedOutputs(run(tensors, kernels));
    const { grads } = tf.variableGrads(() => {
      const outputs = run(tensors, kernels, true);
      for (const [name, y] of namedOutputs(outputs)) all.push([`training ${name}`, tf.keep(y.clone())]);
      return lossOf(outputs);
    }, variables);
    for (const [name, variable] of tensors.named)
      all.push([`gradient of ${name}`, grads[variable.name] as tf.Tensor]);
    for (const [, tensor] of all) tf.keep(tensor);
    return all;
  });
  const results = new Map<string, Float32Array>();
  for (const [name, tensor] of made) {
    results.set(name, (await tensor.data()) as Float32Array);
    tensor.dispose();
  }
  return results;
}

/** Outputs, relative to the largest value: the largest difference seen is 1e-6. */
const OUTPUT_TOLERANCE = 1e-5;

export function expectSame(actual: Map<string, Float32Array>, expected: Map<string, Float32Array>): void {
  expect([...actual.keys()]).to.deep.equal([...expected.keys()]);
  for (const [name, values] of expected) {
    const tolerance = name.startsWith('gradient') ? GRADIENT_TOLERANCE : OUTPUT_TOLERANCE;
    const difference = maxDifference(actual.get(name) as Float32Array, values);
    expect(difference, name).to.be.at.most(tolerance * maxAbs(values));
  }
}

/** Compares all results of a case with the reference's. */
export async function expectAsReference(of: Case, kernels: RecurrentKernels): Promise<void> {
  const tensors = new CaseTensors(of);
  try {
    expectSame(await resultsOf(tensors, kernels), await resultsOf(tensors, undefined));
  } finally {
    tensors.dispose();
  }
}
