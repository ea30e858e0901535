import { engine, getBackend } from '@tensorflow/tfjs-core';
import {
  callOf,
  kernelsOf,
  listInputs,
  NoRoomError,
  type StackAttrs,
  type StackInputs,
  type StackOutputs,
} from '../kernels/contract.js';
import { CELLS, type Cell } from '../torch/cells.js';
import { runFused } from './fused.js';
import { type Implementation, NO_KERNELS, noteRun, refusal } from './implementation.js';
import { runReference } from './reference/recurrence.js';

/**
 * Runs a stack of recurrent layers over whole sequences: by the kernels of the backend, or composed of tf ops. Contract:
 * {@link StackInputs}, {@link StackOutputs}. The caller disposes the outputs.
 *
 * @throws UnsupportedError where a fused kernel is asked for by name and does not take this call.
 */
export function runRecurrent(
  cell: Cell,
  inputs: StackInputs,
  attrs: StackAttrs,
  implementation: Implementation,
): StackOutputs {
  if (implementation === 'reference') {
    noteRun('reference', "implementation: 'reference'");
    return runReference(cell, inputs, attrs);
  }
  const call = callOf(cell, attrs, inputs);
  const tensors = listInputs(call, inputs);
  const kernels = kernelsOf(getBackend());
  const isTraining = engine().isTapeOn();
  const obstacle = kernels ? kernels.supports({ call, inputs: tensors, isTraining }) : NO_KERNELS;
  if (obstacle !== undefined && implementation === 'fused') throw refusal(CELLS[cell].className, obstacle);
  const declined = obstacle ?? tryFused();
  if (typeof declined !== 'string') return declined;
  noteRun('reference', declined);
  return runReference(cell, inputs, attrs);

  /** @returns on 'auto' the reason of a kernel that found no room for the call after all. */
  function tryFused(): StackOutputs | string {
    try {
      const outputs = runFused(call, tensors, isTraining, implementation);
      noteRun('fused');
      return outputs;
    } catch (error) {
      if (implementation === 'auto' && error instanceof NoRoomError) return error.message;
      throw error;
    }
  }
}
