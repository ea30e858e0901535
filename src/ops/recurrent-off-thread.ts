/** The op off the calling thread. */

import { dispose, engine, type TensorInfo, tidy } from '@tensorflow/tfjs-core';
import {
  callOf,
  type DirectionWeights,
  groupInputs,
  listInputs,
  NoRoomError,
  offThreadKernels,
  type StackAttrs,
  type StackInputs,
  type StackOutputs,
} from '../kernels/contract.js';
import { hold } from '../tfjs-internals/data.js';
import type { Cell } from '../torch/cells.js';
import { type Implementation, isForced, noteOffThread, noteRun } from './implementation.js';

/** How a call runs where no worker does. */
export interface OnCaller {
  /** Runs it on the calling thread, on other tensors of the same data. */
  run(inputs: StackInputs): StackOutputs;
  /** Why it does anyway. */
  readonly reason: string | undefined;
}

/**
 * As `runRecurrent`, without a gradient: the promise of its outputs. The inputs may be disposed once it has returned.
 *
 * What cannot run off the calling thread runs on it, after it has been given back once.
 */
export async function runRecurrentOffThread(
  cell: Cell,
  inputs: StackInputs,
  attrs: StackAttrs,
  implementation: Implementation,
  onCaller: OnCaller,
): Promise<StackOutputs> {
  const call = callOf(cell, attrs, inputs);
  const held = listInputs(call, inputs).map(hold);
  try {
    const kernels = offThreadKernels();
    const request = { call, inputs: held, isTraining: false, isForced: isForced(implementation) };
    const isElsewhere = implementation === 'reference' || implementation === 'cudnn';
    const named = isElsewhere ? `implementation: '${implementation}'` : undefined;
    let reason =
      onCaller.reason ?? named ?? (kernels ? kernels.supports(request) : 'there are no kernels for it');
    if (reason === undefined)
      try {
        const made = await kernels?.inference(held, call);
        noteRun('fused');
        noteOffThread(made?.callerReason);
        return toOutputs(made?.outputs ?? []);
      } catch (error) {
        if (!(error instanceof NoRoomError)) throw error;
        reason = error.message;
      }
    await new Promise((resolve) => setTimeout(resolve));
    noteOffThread(reason);
    const { x, states, directions, lengths } = groupInputs(call, held);
    const same = {
      x,
      initialStates: states.length > 0 ? states : undefined,
      weights: directions as readonly DirectionWeights[],
      lengths,
    } as StackInputs;
    return tidy(() => onCaller.run(same));
  } finally {
    dispose(held);
  }
}

function toOutputs(infos: readonly TensorInfo[]): StackOutputs {
  const [output, ...finalStates] = infos.map((info) => engine().makeTensorFromTensorInfo(info));
  return { output, finalStates } as StackOutputs;
}
