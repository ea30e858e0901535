/** The part of `verify` that runs a user's model. It needs tfjs: it is imported when it runs. */

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import {
  type LayersModel,
  type layers,
  model as modelOf,
  type SymbolicTensor,
} from '@tensorflow/tfjs-layers';
import { message, show, showShape } from '../../../check.js';
import { loadStateDict, type StateDict, toTensor } from '../../../index.js';
import type { NumberArray } from '../arrays.js';
import { OUTPUT } from '../expectations.js';
import type { Answers, Numbers } from '../rounding.js';
import { isRecurrent } from './graph-variants.js';
import { twinOf } from './rebuild.js';

const WHERE = 'verify';

const RULE = 'a tf model or a function from tensors to tensors';

/** What computes: a model of tf.layers, or a forward written by hand. */
export type Made = LayersModel | ((...inputs: tf.Tensor[]) => unknown);

/** Makes it of a state_dict. */
export type Maker = (weights: StateDict) => Promise<Made>;

/**
 * What the module exports as `default` or `model`: a function from the state_dict to a model or a function of tensors, or
 * a model of tf.layers, into which the state_dict is loaded.
 *
 * @throws TypeError where it exports something else, Error where it cannot be imported.
 */
export async function importModel(file: string): Promise<Maker> {
  const exported = await importFile(file);
  const made = exported.default ?? exported.model;
  if (isModel(made))
    return async (weights) => {
      loadStateDict(made, weights);
      return made;
    };
  if (typeof made !== 'function') {
    const rule = `an export "default" or "model" that is a function from the state_dict to ${RULE}, or a tf model`;
    const names = Object.keys(exported).filter((name) => name !== 'default');
    const got = made === undefined ? `exports ${show(names)}` : show(made);
    throw new TypeError(message(WHERE, `--module ${file}`, rule, got));
  }
  return async (weights) => {
    const result: unknown = await made(weights);
    if (isModel(result) || typeof result === 'function') return result as Made;
    throw new TypeError(message(WHERE, `--module ${file}`, `a function that returns ${RULE}`, show(result)));
  };
}

/** What the user's function gives for the inputs; its own error says neither that it is the module's nor how many inputs it got. */
async function callForward(
  forward: (...inputs: tf.Tensor[]) => unknown,
  tensors: readonly tf.Tensor[],
): Promise<unknown> {
  try {
    return await forward(...tensors);
  } catch (cause) {
    const inputs = `${tensors.length} ${tensors.length === 1 ? 'input' : 'inputs'}, one for each --input`;
    const got = cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause);
    throw new Error(message(WHERE, '--module', `a function that runs on ${inputs}`, got), { cause });
  }
}

async function importFile(file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    const { code, message: text } = cause as NodeJS.ErrnoException;
    const isForeign = code === 'ERR_UNKNOWN_FILE_EXTENSION';
    const remedy = isForeign ? 'Compile it to JavaScript, and name the .js or .mjs file' : undefined;
    const [reason] = `${text}`.split('\n');
    throw new Error(message(WHERE, '--module', 'a module that can be imported', reason, remedy), { cause });
  }
}

export function isModel(value: unknown): value is LayersModel {
  return Array.isArray((value as Partial<LayersModel> | undefined)?.layers);
}

/** The results that are wanted: OUTPUT, and names of layers, or of what a function returns. */
export interface Wanted {
  readonly name: string;
  /** The number of axes of PyTorch's array. */
  readonly rank: number;
}

/**
 * Makes the model of the weights, runs it and forgets it.
 *
 * @returns the results in the order in which the model computes them.
 */
export async function runModel(
  make: Maker,
  { weights, inputs }: Numbers,
  wanted: readonly Wanted[],
): Promise<Answers> {
  const made = await make(weights);
  const names = wanted.map(({ name }) => name);
  const answers = await withTensors(inputs, async (tensors) =>
    isModel(made) ? runLayers(made, tensors, wanted) : named(await callForward(made, tensors), names),
  );
  for (const own of wanted) {
    const note = noteOf(made, own);
    if (note !== undefined) answers.set(own.name, { ...(answers.get(own.name) as NumberArray), note });
  }
  return answers;
}

/** One output of a model's graph. */
export async function runOutput(
  model: LayersModel,
  inputs: Numbers['inputs'],
  output: SymbolicTensor,
): Promise<NumberArray> {
  const answers = await withTensors(inputs, async (tensors) => {
    const [result] = predict(model, tensors, [output]);
    return new Map([[OUTPUT, result as tf.Tensor]]);
  });
  return answers.get(OUTPUT) as NumberArray;
}

async function withTensors(
  inputs: Numbers['inputs'],
  run: (tensors: tf.Tensor[]) => Promise<ReadonlyMap<string, tf.Tensor>>,
): Promise<Map<string, NumberArray>> {
  const tensors = inputs.flatMap((input) => (input ? [toTensor(input)] : []));
  try {
    const outputs = await run(tensors);
    const answers = new Map<string, NumberArray>();
    for (const [name, tensor] of outputs)
      answers.set(name, { shape: tensor.shape, values: (await tensor.data()) as tf.TypedArray });
    tf.dispose([...outputs.values()]);
    return answers;
  } finally {
    tf.dispose(tensors);
  }
}

/** The results of a model, and of its layers by name. */
function runLayers(
  model: LayersModel,
  inputs: tf.Tensor[],
  wanted: readonly Wanted[],
): ReadonlyMap<string, tf.Tensor> {
  if (!model.inputs) {
    throw new TypeError(message(WHERE, '--module', 'a model that is built', 'one without inputShape'));
  }
  if (model.inputs.length !== inputs.length) {
    const rule = `${model.inputs.length} inputs, as the model takes (${model.inputNames.join(', ')})`;
    throw new RangeError(message(WHERE, '--input', rule, `${inputs.length}`));
  }
  const places = model.layers.map(({ name }) => name);
  const placeOf = ({ name }: Wanted) => (name === OUTPUT ? places.length : places.indexOf(name));
  const sorted = [...wanted].sort((a, b) => placeOf(a) - placeOf(b));
  const outputs = sorted.map((own) => outputOf(model, own));
  const results = predict(model, inputs, outputs);
  return new Map(sorted.map(({ name }, i) => [name, results[i] as tf.Tensor]));
}

function predict(model: LayersModel, inputs: tf.Tensor[], outputs: SymbolicTensor[]): tf.Tensor[] {
  const whole = modelOf({ inputs: model.inputs, outputs });
  const results = tf.tidy(() => {
    const fed = inputs.map((input, i) => asFed(model, i, input));
    return whole.predictOnBatch(fed.length === 1 ? (fed[0] as tf.Tensor) : fed);
  });
  return Array.isArray(results) ? results : [results];
}

/**
 * An input as `model.predict` feeds it: one number of each row may stand without an axis of its own.
 *
 * @throws RangeError for a shape that the model does not take.
 */
function asFed(model: LayersModel, place: number, input: tf.Tensor): tf.Tensor {
  const wanted = (model.inputs[place] as SymbolicTensor).shape;
  const fed = input.rank === 1 && wanted.length === 2 ? tf.expandDims(input, 1) : input;
  const takes =
    wanted.length === fed.rank && wanted.every((size, k) => size === null || size === fed.shape[k]);
  if (takes) return fed;
  const what = model.inputs.length === 1 ? '--input' : `--input number ${place + 1}`;
  const sizes = wanted.map((size, k) => size ?? (['B', 'T'][k] as string | undefined) ?? 'any');
  const rule = `shape [${sizes.join(', ')}], as the model takes it (${model.inputNames[place]})`;
  throw new RangeError(message(WHERE, what, rule, showShape(input.shape)));
}

/**
 * Of the whole model, or of a layer. A recurrent layer has all steps and last states: which of them PyTorch's array holds, its axes
 * tell, whatever the model goes on with.
 */
export function outputOf(model: LayersModel, { name, rank }: Wanted): SymbolicTensor {
  if (name === OUTPUT) {
    const [output, ...others] = model.outputs as [SymbolicTensor, ...SymbolicTensor[]];
    if (others.length === 0) return output;
    const remedy = `Name one of them: ${model.outputNames.join(', ')}`;
    throw new RangeError(
      message(WHERE, '--expected', 'a model with one output', `${model.outputs.length}`, remedy),
    );
  }
  const layer: layers.Layer | undefined = model.layers.find((own) => own.name === name);
  if (layer === undefined) {
    const rule = `names of layers (${model.layers.map((own) => show(own.name)).join(', ')})`;
    throw new RangeError(message(WHERE, '--expected', rule, show(name)));
  }
  const outputs = layer.getOutputAt(0);
  const output = (Array.isArray(outputs) ? outputs[0] : outputs) as SymbolicTensor;
  if (!isOtherwise(layer, rank)) return output;
  return twinOf(layer, { returnSequences: rank === 3 }, output.inputs);
}

/** Whether a layer gives all steps where PyTorch's array has last states, or the reverse. */
function isOtherwise(layer: layers.Layer, rank: number): boolean {
  return isRecurrent(layer) && rank === (layer.returnSequences ? 2 : 3);
}

/** What is compared of a layer, where the model has something else of it. */
function noteOf(made: Made, { name, rank }: Wanted): string | undefined {
  const layer = isModel(made) ? made.layers.find((own) => own.name === name) : undefined;
  if (!layer || !isOtherwise(layer, rank)) return undefined;
  return rank === 3
    ? "all steps are compared, as PyTorch's array has them; the model goes on with the last states (returnSequences: false)"
    : "the last states are compared, as PyTorch's array has them; the model goes on with all steps (returnSequences: true)";
}

/** What a function returned: one tensor, a list of which the first is meant, or tensors by name. */
function named(result: unknown, names: readonly string[]): ReadonlyMap<string, tf.Tensor> {
  const rule = 'a function that returns a tensor, a list of tensors or an object of tensors';
  const refuse = () => new TypeError(message(WHERE, '--module', rule, show(result)));
  if (typeof result !== 'object' || result === null) throw refuse();
  const all: [string, unknown][] =
    result instanceof tf.Tensor
      ? [[OUTPUT, result]]
      : Array.isArray(result)
        ? result.map((tensor, i) => [i === 0 ? OUTPUT : `${i}`, tensor])
        : Object.entries(result).map(([name, tensor]) => [name === 'output' ? OUTPUT : name, tensor]);
  if (all.length === 0 || !all.every(([, tensor]) => tensor instanceof tf.Tensor)) throw refuse();
  const tensors = new Map(all as [string, tf.Tensor][]);
  for (const name of names) {
    if (tensors.has(name)) continue;
    const known = `names of what the function returns (${[...tensors.keys()].map((own) => show(own || 'output')).join(', ')})`;
    throw new RangeError(
      message(WHERE, '--expected', known, name === OUTPUT ? 'a file without a name' : show(name)),
    );
  }
  return tensors;
}
