/** A model of the corpus against PyTorch: results, gradients of every parameter, changed buffers, and training; and what it holds at most. */

import * as tf from '@tensorflow/tfjs';
import { toStateDict } from '../../../src/index.js';
import { readExportedProgram, type TorchProgram } from '../../../src/program/index.js';
import type { StateDict, TorchTensor } from '../../../src/state-dict/tensors/tensor.js';
import { tensorsIn } from '../../support/programs.js';
import { tidied } from '../../support/tidied.js';
import { FORWARD_TOLERANCE, GRADIENT_TOLERANCE, SMALLEST_GRADIENT } from '../../support/tolerance.js';
import type { WorstErrors } from '../torch/compare.js';
import type { ExportedModel } from './exported-model.js';
import { peaksOf } from './memory.js';
import { numbersOf, toTensor } from './op-case.js';
import { compareValues, largest } from './values.js';

/** On the active backend. @throws Error naming the first number that differs too much. */
export async function compareModel(model: ExportedModel, worst: WorstErrors): Promise<void> {
  for (const prefix of ['', 'second.'])
    if (model.named(`${prefix}output.`).size > 0) {
      await compareResults(model, prefix, worst);
      await compareGradients(model, prefix, worst);
    }
  await compareTraining(model, worst);
  // Other backends run the same calls, some of them with other kernels.
  if (tf.getBackend() === 'cpu') await compareMemory(model);
}

/** Of the peak of straight-line code. */
const MOST_MEMORY = 1.2;

async function compareMemory(model: ExportedModel): Promise<void> {
  await withProgram(model, '', async (program, call, inputs) => {
    const { actual, lean } = await peaksOf(call, [
      ...program.weights.map((weight) => weight.read()),
      ...inputs,
    ]);
    if (actual > MOST_MEMORY * lean)
      throw new Error(`memory: ${actual} bytes, straight-line code holds ${lean} at most`);
  });
}

/** Runs `body` with a program of the file's weights and its arguments. */
async function withProgram(
  model: ExportedModel,
  prefix: string,
  body: (program: TorchProgram, call: () => tf.Tensor[], inputs: readonly tf.Tensor[]) => Promise<void>,
): Promise<void> {
  const program = await readExportedProgram(model.bytes, { onWarnings: () => {} });
  try {
    await tidied(async () => {
      const inputs = model.named(`${prefix}input.`);
      const args = model.argumentsOf((name) => toTensor(inputs.get(name) as TorchTensor));
      const call = () => tensorsIn(program.forwardWith({ training: model.is('train') }, ...args));
      await body(program, call, tensorsIn(args));
    });
  } finally {
    program.dispose();
  }
}

/** The first call, and where it changes buffers the same call again. */
async function compareResults(model: ExportedModel, prefix: string, worst: WorstErrors): Promise<void> {
  await withProgram(model, prefix, async (program, call) => {
    for (const time of ['', 'again.']) {
      const outputs = model.outputs(`${prefix}${time}`);
      if (outputs.length === 0) return;
      const results = call();
      expectSame('number of results', results.length, outputs.length);
      for (const [i, [place, expected]] of outputs.entries())
        await compareForward(
          model,
          `${prefix}${time}output ${place}`,
          results[i] as tf.Tensor,
          expected,
          worst,
        );
      await compareBuffers(model, program, `${prefix}${time}after.`, worst);
    }
  });
}

/** Buffers that are not persistent are in no state_dict: the same call again shows them. */
async function compareBuffers(
  model: ExportedModel,
  program: TorchProgram,
  prefix: string,
  worst: WorstErrors,
): Promise<void> {
  const changed = model.named(prefix);
  if (changed.size === 0) return;
  const stateDict = await toStateDict(program);
  for (const [name, expected] of changed) {
    const found = stateDict.get(name);
    if (found) compareNumbers(`buffer ${name}`, numbersOf(found.data), expected, worst);
  }
}

async function compareGradients(model: ExportedModel, prefix: string, worst: WorstErrors): Promise<void> {
  const expected = model.named(`${prefix}grad.`);
  if (expected.size === 0) return;
  const factors = model.named(`${prefix}weight.`);
  const places = model.outputs(prefix).map(([place]) => place);
  await withProgram(model, prefix, async (program, call) => {
    const { grads } = tf.variableGrads(() => lossOf(call(), places, factors), variablesOf(program));
    for (const { key, weight } of program.torchEntries()) {
      const gradient = expected.get(key);
      if (gradient === undefined) continue;
      const what = `${prefix}gradient of ${key}`;
      const actual = grads[`${program.name}/${weight}`];
      if (actual === undefined) throw new Error(`${what}: none`);
      const wanted = numbersOf(gradient.data);
      expectSame(`size of ${what}`, actual.size, wanted.length);
      const scale = Math.max(largest(wanted), SMALLEST_GRADIENT);
      const error = compareValues(what, await actual.data(), wanted, GRADIENT_TOLERANCE * scale) / scale;
      worst.gradient = Math.max(worst.gradient, error);
    }
  });
}

async function compareTraining(model: ExportedModel, worst: WorstErrors): Promise<void> {
  const expected = model.named('sgd.');
  if (expected.size === 0) return;
  const factors = model.named('weight.');
  const places = model.outputs('').map(([place]) => place);
  await withProgram(model, '', async (program, call) => {
    const { steps, rate } = model.sgd;
    const optimizer = tf.train.sgd(rate);
    for (let step = 0; step < steps; step++)
      optimizer.minimize(() => lossOf(call(), places, factors), false, variablesOf(program));
    optimizer.dispose();
    const trained = await toStateDict(program);
    for (const [key, tensor] of expected) {
      const found = trained.get(key);
      if (found === undefined) throw new Error(`${key}: not in toStateDict`);
      compareNumbers(`${key} after ${steps} steps`, numbersOf(found.data), tensor, worst);
    }
  });
}

/** The sum of `output * weight` over the outputs that have weights. */
function lossOf(outputs: readonly tf.Tensor[], places: readonly string[], factors: StateDict): tf.Scalar {
  return [...factors].reduce<tf.Scalar>((sum, [place, factor]) => {
    const output = outputs[places.indexOf(place)] as tf.Tensor;
    return tf.add(sum, tf.sum(tf.mul(output, toTensor(factor))));
  }, tf.scalar(0));
}

function variablesOf(program: TorchProgram): tf.Variable[] {
  return program.trainableWeights.map((weight) => weight.read() as tf.Variable);
}

async function compareForward(
  model: ExportedModel,
  what: string,
  actual: tf.Tensor,
  expected: TorchTensor,
  worst: WorstErrors,
): Promise<void> {
  expectSame(`shape of ${what}`, String(actual.shape), String(expected.shape));
  if (!model.is('random')) compareNumbers(what, numbersOf(await actual.data()), expected, worst);
}

/** Large numbers by their size. */
function compareNumbers(what: string, actual: number[], { data }: TorchTensor, worst: WorstErrors): void {
  const wanted = numbersOf(data);
  expectSame(`size of ${what}`, actual.length, wanted.length);
  const scale = Math.max(1, largest(wanted));
  const error = compareValues(what, actual, wanted, FORWARD_TOLERANCE * scale) / scale;
  worst.forward = Math.max(worst.forward, error);
}

function expectSame<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected) throw new Error(`${what}: ${actual}, torch has ${expected}`);
}
