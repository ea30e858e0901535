/** Tensors of the same data, and what tfjs counts. */

import { engine, keep, type Tensor } from '@tensorflow/tfjs-core';
import { expectPart } from './expect-part.js';

/** Another tensor of the same data, which keeps them when the first is disposed or its variable is assigned. */
export function share({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend } = engine();
  // It was made on another backend, and this one does not count its references.
  if (backend.refCount(dataId) === 0) engine().moveData(backend, dataId);
  backend.incRef(dataId);
  return engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
}

/** As `share`; no `tidy` disposes the tensor. */
export function pin(tensor: Tensor): Tensor {
  return keep(share(tensor));
}

/** As `pin`, of a tensor that may lie on any backend: its data stay where they are. */
export function hold({ dataId, shape, dtype }: Tensor): Tensor {
  const { backend, state } = engine();
  const holder = state.tensorInfo.get(dataId)?.backend ?? backend;
  holder.incRef(dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId, shape, dtype }));
}

/**
 * Runs `body`, and disposes all tensors and variables that it has made when it throws.
 *
 * Neither a scope nor a model has them all: tfjs keeps the states of a layer beyond every scope, an incomplete model lists no
 * weights, and `dispose` of a complete one keeps the layers that it uses twice.
 */
export function disposingOnFailure<T>(body: () => T): T {
  const tracker = engine() as unknown as { track?: (tensor: Tensor) => Tensor };
  const { track } = tracker;
  expectPart('Engine.track', 'a function', typeof track === 'function', track);
  const { registeredVariables } = engine().state;
  const before = new Set(Object.keys(registeredVariables));
  const made: Tensor[] = [];
  tracker.track = (tensor) => {
    made.push(tensor);
    return (track as (tensor: Tensor) => Tensor).call(tracker, tensor);
  };
  try {
    return body();
  } catch (error) {
    for (const [name, variable] of Object.entries(registeredVariables))
      if (!before.has(name)) variable.dispose();
    for (const tensor of made) tensor.dispose();
    throw error;
  } finally {
    // It is a method of the class.
    delete tracker.track;
  }
}

/** Lets the kernel that runs keep one of the data that it has made: under `IS_TEST` tfjs takes them for a leak. */
export function keepBeyondKernel(): void {
  const { numDataMovesStack: moves } = engine().state;
  expectPart('Engine.state.numDataMovesStack', 'a list', Array.isArray(moves), moves);
  // Data that move here from another backend are counted so, and left out.
  const last = moves.pop();
  if (last !== undefined) moves.push(last + 1);
}
