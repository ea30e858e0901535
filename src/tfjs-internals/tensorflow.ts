/** The backend of tfjs-node, and the ops of TensorFlow that it runs by name. */

import type { KernelBackend, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

/** An attribute of an op; `type` is one of the binding's `TF_ATTR_...`. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: string | number | boolean;
}

/** A tensor of TensorFlow. Whoever has its id deletes it. */
export interface OpOutput {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_Version: string;
  executeOp(name: string, attributes: readonly OpAttribute[], inputs: number[], outputs: number): OpOutput[];
  deleteTensor(id: number): void;
}

/** tfjs-node's backend. Its package is not imported: it is optional, and two packages have it. */
export interface TensorflowBackend extends KernelBackend {
  readonly binding: Binding;
  /** The ids of tensors, which stay theirs. */
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  /** A tensor that owns an id. */
  createOutputTensor(output: OpOutput): Tensor;
}

export function tensorflowBackend(backend: KernelBackend): TensorflowBackend {
  const { binding, getInputTensorIds, createOutputTensor } = backend as Partial<TensorflowBackend>;
  const part = 'NodeJSKernelBackend.binding';
  expectPart(part, 'the addon with executeOp', typeof binding?.executeOp === 'function', binding);
  for (const [name, method] of Object.entries({ getInputTensorIds, createOutputTensor }))
    expectPart(`NodeJSKernelBackend.${name}`, 'a function', typeof method === 'function', method);
  return backend as TensorflowBackend;
}
