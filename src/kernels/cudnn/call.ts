/** A stack of layers in cuDNN, forward and backward. Nothing is read back. */

import {
  clone,
  reshape,
  scalar,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type TensorInfo,
  tidy,
  transpose,
  zeros,
} from '@tensorflow/tfjs-core';
import type { TensorflowBackend } from '../../tfjs-internals/tensorflow.js';
import { CELLS } from '../../torch/cells.js';
import { groupInputs, type InputRole, type RecurrentCall } from '../contract.js';
import { copy, deleteAll, hold } from './handles.js';
import { type Forward, type ForwardIds, type Inputs, runBackwardOp, runForwardOp } from './op.js';
import { type ParamsCache, weightIn } from './params.js';
import { type Rows, rowsOf } from './rows.js';

/** What backward reads: ids of its own. */
export interface Reserve {
  readonly backend: TensorflowBackend;
  readonly inputs: Inputs;
  readonly made: ForwardIds;
}

export function releaseReserve({ backend, inputs, made }: Reserve): void {
  deleteAll(backend, [...inputs, ...Object.values(made)]);
}

/** Between the caller's layout and that of the op, which is `[B, T, ·]`. */
function swapped({ batchFirst }: RecurrentCall, sequence: Tensor3D): Tensor3D {
  return batchFirst ? sequence : transpose(sequence, [1, 0, 2]);
}

/** Between the shape of a state and that which the op wants where B comes first: cuDNN has but one layout, and nothing moves. */
function renamed(state: Tensor): Tensor {
  const [first, second, size] = state.shape as [number, number, number];
  return reshape(state, [second, first, size]);
}

function rowsIn(call: RecurrentCall, x: TensorInfo, lengths: TensorInfo | undefined): Rows {
  const [outer, inner] = x.shape as [number, number];
  const [batch, steps] = call.batchFirst ? [outer, inner] : [inner, outer];
  return rowsOf(lengths as Tensor1D | undefined, batch, steps);
}

/** @param keepReserve in training: gets what backward reads. */
export function runForward(
  backend: TensorflowBackend,
  cache: ParamsCache,
  call: RecurrentCall,
  tensors: readonly TensorInfo[],
  keepReserve?: (reserve: Reserve) => void,
): Tensor[] {
  return tidy(() => {
    const { x, states, directions, lengths } = groupInputs(call, tensors);
    const rows = rowsIn(call, x, lengths);
    const input = rows.mask(swapped(call, x as Tensor3D));
    const shape = [call.directions, input.shape[0], call.hiddenSize];
    const initial = CELLS[call.cell].states.map((_, i) => (states[i] as Tensor | undefined) ?? zeros(shape));
    const [h0, c0 = scalar(0)] = initial.map(renamed) as [Tensor, Tensor?];
    const params = cache.get(backend, call, directions);
    const given = backend.getInputTensorIds([input, h0, c0, rows.lengths]) as [
      number,
      number,
      number,
      number,
    ];
    const ids: Inputs = [given[0], given[1], given[2], params, given[3]];
    const made = runForwardOp(backend, call, ids, keepReserve !== undefined);
    if (keepReserve) keepReserve(reserveOf(backend, ids, made));
    else deleteAll(backend, [made.reserveSpace.id, made.hostReserved.id]);
    const outputs = [made.output, made.hn, made.cn].map((each) => backend.createOutputTensor(each));
    const [y, ...finals] = outputs as [Tensor3D, ...Tensor[]];
    return [
      swapped(call, rows.mask(y)),
      ...initial.map((state, i) => rows.select(renamed(finals[i] as Tensor), state)),
    ];
  });
}

function reserveOf(backend: TensorflowBackend, inputs: Inputs, made: Forward): Reserve {
  const [x, h0, c0, params, lengths] = inputs;
  const held = (id: number) => hold(backend, id);
  return {
    backend,
    inputs: [held(x), held(h0), held(c0), held(params), hold(backend, lengths, 'int32')],
    made: {
      output: held(made.output.id),
      hn: held(made.hn.id),
      cn: held(made.cn.id),
      reserveSpace: made.reserveSpace.id,
      hostReserved: made.hostReserved.id,
    },
  };
}

/**
 * @param dys the gradients of the output and of the final states.
 * @returns the gradients of x, of the initial states and of the params.
 */
export function runBackward(
  { backend, inputs, made }: Reserve,
  call: RecurrentCall,
  x: TensorInfo,
  lengths: TensorInfo | undefined,
  dys: readonly TensorInfo[],
): Tensor[] {
  return tidy(() => {
    const rows = rowsIn(call, x, lengths);
    const [dOutput, ...dFinals] = dys as [Tensor3D, ...Tensor[]];
    const dy = rows.mask(swapped(call, dOutput));
    const [dhn, dcn = scalar(0)] = dFinals.map((d) => renamed(rows.select(d, zeros(d.shape))));
    const ids = backend.getInputTensorIds([dy, dhn as Tensor, dcn]);
    // cuDNN writes into it, and a node of the tape can be differentiated twice.
    const reserveSpace = copy(backend, made.reserveSpace);
    const gradients = runBackwardOp(backend, call, inputs, made, ids, reserveSpace);
    deleteAll(backend, [reserveSpace]);
    const [dx, dh0, dc0, dparams] = gradients.map((each) => backend.createOutputTensor(each)) as [
      Tensor3D,
      Tensor,
      Tensor,
      Tensor,
    ];
    const dStates = dFinals.map((d, i) => rows.select(renamed([dh0, dc0][i] as Tensor), d));
    return [swapped(call, rows.mask(dx)), ...dStates, dparams];
  });
}

/** The gradient of one input. @param list what {@link runBackward} gave. */
export function gradientOf(
  call: RecurrentCall,
  inputs: readonly TensorInfo[],
  list: readonly TensorInfo[],
  role: InputRole,
): Tensor {
  const [dx, ...others] = list as readonly Tensor[];
  const dparams = others.at(-1) as Tensor1D;
  if (role.kind === 'x') return clone(dx as Tensor);
  if (role.kind === 'state') return clone(others[role.state] as Tensor);
  if (role.kind === 'lengths') throw new Error('lengths have no gradient');
  const { directions } = groupInputs(call, inputs);
  return tidy(() => weightIn(dparams, call, directions, role.name, role.direction));
}
