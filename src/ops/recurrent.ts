import { engine, getBackend } from '@tensorflow/tfjs-core';
import {
  callOf,
  listInputs,
  NoRoomError,
  type RecurrentKernels,
  type StackAttrs,
  type StackInputs,
  type StackOutputs,
} from '../kernels/contract.js';
import { CELLS, type Cell } from '../torch/cells.js';
import { runFused } from './fused.js';
import { type Implementation, isForced, kernelsFor, noteRun, refusal, tellEach } from './implementation.js';
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
  const isTraining = engine().isTapeOn();
  const request = { call, inputs: tensors, isTraining, isForced: isForced(implementation) };
  const all = kernelsFor(implementation, getBackend());
  const obstacles: string[] = [];
  for (const kernels of all) {
    const declined = kernels.supports(request) ?? runUnlessFull(kernels);
    if (typeof declined !== 'string') return declined;
    obstacles.push(declined);
  }
  const obstacle = tellEach(all, obstacles);
  if (isForced(implementation)) throw refusal(CELLS[cell].className, obstacle, implementation);
  noteRun('reference', obstacle);
  return runReference(cell, inputs, attrs);

  /** @returns on 'auto' the reason of a kernel that found no room for the call after all. */
  function runUnlessFull(kernels: RecurrentKernels): StackOutputs | string {
    const reason = kernels.reasonFor?.(request);
    try {
      const outputs = runFused(kernels, call, tensors, isTraining, implementation);
      noteRun('fused', reason && `${kernels.name}: ${reason}`);
      return outputs;
    } catch (error) {
      if (implementation === 'auto' && error instanceof NoRoomError) return error.message;
      throw error;
    }
  }
}
