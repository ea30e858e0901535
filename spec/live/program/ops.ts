/** Each op alone against PyTorch: random arguments, forward and backward. */

import * as tf from '@tensorflow/tfjs';
import { tfDtype } from '../../../src/program/ops/shared/dtypes.js';
import { findOp } from '../../../src/program/ops/table.js';
import type { Value } from '../../../src/program/ops/types.js';
import type { Plan } from '../../../src/program/run/plan.js';
import { runPlan } from '../../../src/program/run/run.js';
import type { TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from '../../support/tolerance.js';
import { check } from '../command.js';
import type { WorstErrors } from '../torch/compare.js';
import { Measurements } from '../torch/measurements.js';
import { numbersOf, type OpCase, outputsOf, planOf, planOfCopies, toTensor } from './op-case.js';
import { commandFor, type Options } from './options.js';
import type { Oracle } from './oracle.js';
import { compareValues, largest } from './values.js';

/** The ops of the table that have cases, or those that the options name. */
export async function targetsToCheck(oracle: Oracle, names: readonly string[]): Promise<readonly string[]> {
  if (names.length > 0) return names;
  const withCases = await oracle.ask<string[]>({ list: true });
  return withCases.map((target) => target.replace('torch.ops.', '')).filter((target) => findOp(target));
}

/** Declares a test for each op on each backend. */
export function compareOps(oracle: Oracle, targets: readonly string[], options: Options): void {
  const measurements = new Measurements();
  after(() => measurements.print());
  for (const target of targets) {
    let asked: Promise<OpCase[]> | undefined;
    const { seed, count } = options;
    const cases = () => {
      asked ??= oracle.ask({ target: `torch.ops.${target}`, seed, count });
      return asked;
    };
    for (const backend of options.backends) {
      const again = commandFor({ ...options, parts: ['ops'], names: [target], backends: [backend] });
      check(`${target} on ${backend}`, again, async () => {
        const all = await cases();
        if (tf.getBackend() !== backend) await tf.setBackend(backend);
        await measurements.during(target, backend, async (worst) => {
          for (const [i, opCase] of all.entries())
            await explained(opCase, seed + i, () => compareCase(opCase, worst));
        });
      });
    }
  }
}

/** An error also names the case. */
async function explained(opCase: OpCase, seed: number, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    const tensors = Object.entries(opCase.tensors).map(
      ([name, { dtype, shape, data }]) =>
        `${name} ${dtype} [${shape}] ${String(numbersOf(data).slice(0, 8))}`,
    );
    const given = JSON.stringify(opCase.inputs).slice(0, 600);
    throw new Error([said, `case of seed ${seed}: ${given}`, ...tensors].join('\n  '), { cause });
  }
}

async function compareCase(opCase: OpCase, worst: WorstErrors): Promise<void> {
  const plan = planOf(opCase);
  const before = tf.memory().numTensors;
  const inputs = Object.values(opCase.tensors).map(toTensor);
  try {
    await compareForward(opCase, plan, inputs, worst);
    await compareResults(opCase, planOfCopies(opCase), inputs, worst);
    if (Object.keys(opCase.weights).length > 0) await compareGradients(opCase, plan, inputs, worst);
    for (const [i, [name, given]] of Object.entries(opCase.tensors).entries())
      compareValues(`${name} afterwards`, await (inputs[i] as tf.Tensor).data(), numbersOf(given.data), 0);
  } finally {
    tf.dispose(inputs);
  }
  const leaked = tf.memory().numTensors - before;
  if (leaked !== 0) throw new Error(`${leaked} tensors more than before`);
}

async function compareForward(
  opCase: OpCase,
  plan: Plan,
  inputs: readonly tf.Tensor[],
  worst: WorstErrors,
): Promise<void> {
  const written = await compareResults(opCase, plan, inputs, worst);
  try {
    for (const [i, [name, given]] of Object.entries(opCase.tensors).entries()) {
      const value = written.get(i);
      const changed = opCase.changed[name];
      if (changed && !value) throw new Error(`${name} did not change`);
      // torch's answer says nothing of a tensor with NaN.
      if (value && (changed || !numbersOf(given.data).some(Number.isNaN)))
        await compareTensor(`${name} changed`, value, changed ?? given, worst);
    }
  } finally {
    tf.dispose([...written.values()]);
  }
}

/** @returns what the call has written into inputs; the caller disposes it. */
async function compareResults(
  opCase: OpCase,
  plan: Plan,
  inputs: readonly tf.Tensor[],
  worst: WorstErrors,
): Promise<Map<number, tf.Tensor>> {
  const { outputs, written } = runPlan(plan, inputs, { isTraining: true });
  try {
    const results = tensorsIn(outputs);
    const expected = Object.entries(opCase.expected);
    if (results.length !== expected.length)
      throw new Error(`${results.length} results, torch has ${expected.length}`);
    for (const [i, [name, wanted]] of expected.entries())
      await compareTensor(name, results[i] as tf.Tensor, wanted, worst);
    for (const [i, { number }] of outputsOf(opCase).entries())
      if (number !== undefined)
        compareValues(`result ${i}`, [Number(outputs[i])], [Number(number)], FORWARD_TOLERANCE);
    return written;
  } finally {
    tf.dispose(tensorsIn(outputs));
  }
}

async function compareTensor(
  name: string,
  actual: tf.Tensor,
  expected: TorchTensor,
  worst: WorstErrors,
): Promise<void> {
  compareKind(name, actual, expected);
  const values = numbersOf(expected.data);
  const isFloat = actual.dtype === 'float32';
  const scale = Math.max(1, largest(values));
  const error = compareValues(name, await actual.data(), values, isFloat ? FORWARD_TOLERANCE * scale : 0);
  worst.forward = Math.max(worst.forward, error / scale);
}

function compareKind(name: string, actual: tf.Tensor, expected: TorchTensor): void {
  const got = `${actual.dtype} [${actual.shape}]`;
  const wanted = `${tfDtype(expected.dtype)} [${expected.shape}]`;
  if (got !== wanted) throw new Error(`${name}: ${got}, torch has ${wanted}`);
}

async function compareGradients(
  { tensors, weights, gradients }: OpCase,
  plan: Plan,
  inputs: readonly tf.Tensor[],
  worst: WorstErrors,
): Promise<void> {
  const names = Object.keys(tensors);
  const floats = inputs.filter((input) => input.dtype === 'float32');
  const loss = () => {
    const { outputs, written } = runPlan(plan, inputs, { isTraining: true });
    tf.dispose([...written.values()]);
    const terms = Object.entries(weights).map(([name, factors]) => {
      const result = tensorsIn(outputs)[Number(name.replace('output.', ''))] as tf.Tensor;
      return tf.sum(tf.mul(result, toTensor(factors)));
    });
    return tf.addN(terms);
  };
  const { value, grads } = tf.engine().gradients(loss, floats, undefined, true);
  try {
    for (const [i, gradient] of (grads as (tf.Tensor | undefined)[]).entries()) {
      const name = names[inputs.indexOf(floats[i] as tf.Tensor)] as string;
      await compareGradient(`gradient of ${name}`, gradient, gradients[name], worst);
    }
  } finally {
    tf.dispose([value, ...grads.filter(Boolean)]);
  }
}

/** No gradient is one of zeros. */
async function compareGradient(
  name: string,
  actual: tf.Tensor | undefined,
  expected: TorchTensor | undefined,
  worst: WorstErrors,
): Promise<void> {
  if (expected === undefined && actual === undefined) return;
  if (actual && expected) compareKind(name, actual, expected);
  const got = actual ? await actual.data() : numbersOf((expected as TorchTensor).data).map(() => 0);
  const wanted = expected ? numbersOf(expected.data) : Array.from(got, () => 0);
  // A gradient below SMALLEST_GRADIENT is the rounding of larger terms that cancelled.
  const scale = Math.max(largest(wanted), SMALLEST_GRADIENT);
  worst.gradient = Math.max(
    worst.gradient,
    compareValues(name, got, wanted, GRADIENT_TOLERANCE * scale) / scale,
  );
}

function tensorsIn(values: readonly Value[]): tf.Tensor[] {
  return (values as unknown[]).flat(2).filter((value) => value instanceof tf.Tensor);
}
