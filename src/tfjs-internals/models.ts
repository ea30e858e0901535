/** Who calls a layer in a model, and with which masks models are called. */

import { engine } from '@tensorflow/tfjs-core';
import { LayersModel, type layers, type SymbolicTensor } from '@tensorflow/tfjs-layers';
import { expectPart } from './expect-part.js';

/** A call of a layer in a graph, for one of its outputs: the executor calls a layer again for each one that a model uses. */
export interface GraphCall {
  readonly layer: layers.Layer;
  readonly inputs: readonly SymbolicTensor[];
  /** All outputs of the symbolic call. */
  readonly outputs: readonly SymbolicTensor[];
  readonly output: SymbolicTensor;
}

/** The call in a graph whose inputs were gathered last, and how many tensors had been made then. */
let gathered: { readonly graphCall: GraphCall; readonly madeTensors: number } | undefined;

/** How many tensors have been made in all. */
function madeTensors(): number {
  const { nextTensorId } = engine().constructor as unknown as { readonly nextTensorId?: number };
  expectPart('Engine.nextTensorId', 'a number', typeof nextTensorId === 'number', nextTensorId);
  return nextTensorId as number;
}

/**
 * Watches the outputs of a symbolic call, so that {@link takeGraphCall} knows the executor's calls from a user's. tfjs passes
 * nothing that tells, but directly before it calls a layer, the executor gathers the inputs in a loop over `inputs` of the
 * layer's output.
 */
export function watchOutputs(outputs: readonly SymbolicTensor[]): void {
  for (const output of outputs) {
    expectPart('SymbolicTensor.inputs', 'an array', Array.isArray(output.inputs), output.inputs);
    const inputs = [...output.inputs];
    const graphCall = { layer: output.sourceLayer, inputs: [...inputs], outputs, output };
    const iterate = () => {
      gathered = { graphCall, madeTensors: madeTensors() };
      return graphCall.inputs.values();
    };
    Object.defineProperty(inputs, Symbol.iterator, { value: iterate });
    Object.assign(output, { inputs });
  }
}

/** The call in a graph for which the executor of a model calls this layer now; undefined where someone else does. */
export function takeGraphCall(layer: layers.Layer): GraphCall | undefined {
  const last = gathered;
  gathered = undefined;
  const isNow = last?.graphCall.layer === layer && last.madeTensors === madeTensors();
  return isNow ? last.graphCall : undefined;
}

/** The masks with which models are called now, the innermost last. */
const modelMasks: unknown[] = [];
let startedModels = 0;
let areModelsWatched = false;

interface Container {
  call(inputs: unknown, kwargs?: { readonly mask?: unknown }): unknown;
}

/**
 * Makes {@link modelMask} and {@link startedModelCalls} work. A model that is called inside another one, or by `apply`, hands its layers the mask that it was
 * called with, but the masks of its own layers take its place as they run.
 */
export function watchModels(): void {
  if (areModelsWatched) return;
  const container = Object.getPrototypeOf(LayersModel.prototype) as Container;
  const { call } = container;
  expectPart('Container.call', 'a function', typeof call === 'function', call);
  container.call = function (this: Container, inputs, kwargs) {
    modelMasks.push(kwargs?.mask);
    startedModels++;
    try {
      return call.call(this, inputs, kwargs);
    } finally {
      modelMasks.pop();
    }
  };
  areModelsWatched = true;
}

/** The mask with which the innermost model was called. `predict`, `fit` and `evaluate` call a model with none. */
export function modelMask(): unknown {
  return modelMasks.at(-1);
}

/** How many calls of models have begun, but for those of `predict`, `fit` and `evaluate`. */
export function startedModelCalls(): number {
  return startedModels;
}
