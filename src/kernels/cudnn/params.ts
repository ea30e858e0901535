/**
 * All weights of a call as cuDNN reads them, one vector: first the matrices of each layer and direction, W_ih before W_hh, then the
 * biases in the same order. Gates lie in torch's order.
 */

import {
  concat1d,
  type DataId,
  reshape,
  slice,
  type Tensor,
  type Tensor1D,
  type TensorInfo,
  tidy,
  util,
  zeros,
} from '@tensorflow/tfjs-core';
import type { TensorflowBackend } from '../../tfjs-internals/tensorflow.js';
import { CELLS } from '../../torch/cells.js';
import type { DirectionOf, RecurrentCall, WeightName } from '../contract.js';
import { EntriesInTurns } from '../entries-in-turns.js';
import { deleteAll, hold } from './handles.js';

type Directions = readonly DirectionOf<TensorInfo, TensorInfo>[];

const MATRICES = ['weight_ih', 'weight_hh'] as const;
const BIASES = ['bias_ih', 'bias_hh'] as const;

/** Elements of each bias: cuDNN's layers have them; zeros serve those of a module without. */
const biasSize = ({ cell, hiddenSize }: RecurrentCall) => CELLS[cell].gates * hiddenSize;

function pack(call: RecurrentCall, directions: Directions): Tensor1D {
  const flat = (info: TensorInfo) => reshape(info as Tensor, [-1]) as Tensor1D;
  const none = call.hasBias ? undefined : (zeros([biasSize(call)]) as Tensor1D);
  return concat1d([
    ...directions.flatMap((direction) => MATRICES.map((name) => flat(direction[name]))),
    ...directions.flatMap((direction) => BIASES.map((name) => none ?? flat(direction[name] as TensorInfo))),
  ]);
}

/** The part of params, or of their gradient, that is one weight. */
export function weightIn(
  params: Tensor1D,
  call: RecurrentCall,
  directions: Directions,
  name: WeightName,
  index: number,
): Tensor {
  const sizeOf = (info: TensorInfo) => util.sizeFromShape(info.shape);
  const sizes = directions.flatMap(({ weight_ih, weight_hh }) => [sizeOf(weight_ih), sizeOf(weight_hh)]);
  const isMatrix = name === 'weight_ih' || name === 'weight_hh';
  const before = isMatrix ? sizes.slice(0, 2 * index + MATRICES.indexOf(name)) : sizes;
  const biases = isMatrix ? 0 : 2 * index + BIASES.indexOf(name as 'bias_ih' | 'bias_hh');
  const begin = before.reduce((sum, size) => sum + size, biases * biasSize(call));
  const { shape } = (directions[index] as Directions[number])[name] as TensorInfo;
  return reshape(slice(params, [begin], [util.sizeFromShape(shape)]), shape);
}

/** The params of one layer's weights. */
class Packed {
  /** The data that it was made of, not the tensors: a variable that is assigned gets other data. */
  private readonly dataIds: readonly (DataId | undefined)[];
  readonly id: number;

  constructor(
    readonly backend: TensorflowBackend,
    call: RecurrentCall,
    directions: Directions,
  ) {
    this.dataIds = dataIdsOf(directions);
    this.id = tidy(() => {
      const [id] = backend.getInputTensorIds([pack(call, directions)]) as [number];
      return hold(backend, id);
    });
  }

  isOf(directions: Directions): boolean {
    const dataIds = dataIdsOf(directions);
    return dataIds.length === this.dataIds.length && dataIds.every((dataId, i) => dataId === this.dataIds[i]);
  }

  isAlive(): boolean {
    return this.dataIds.every((dataId) => dataId === undefined || this.backend.refCount(dataId) > 0);
  }
}

function dataIdsOf(directions: Directions): (DataId | undefined)[] {
  return directions.flatMap((direction) => [...MATRICES, ...BIASES].map((name) => direction[name]?.dataId));
}

/** The params of every live layer. A variable that is assigned gets new data, so an entry whose data are gone is out of date. */
export class ParamsCache {
  private readonly entries = new EntriesInTurns<Packed>(({ backend, id }) => deleteAll(backend, [id]));

  /** @returns their id, which belongs to the cache. */
  get(backend: TensorflowBackend, call: RecurrentCall, directions: Directions): number {
    const key = (directions[0] as Directions[number]).weight_hh.dataId;
    const known = this.entries.get(key);
    if (known?.isOf(directions)) return known.id;
    return this.entries.replace(key, () => new Packed(backend, call, directions)).id;
  }

  /** Deletes some of what belongs to weights that are gone. */
  sweep(): void {
    this.entries.sweep();
  }

  /** Deletes all of it. @returns how many are left. */
  sweepAll(): number {
    this.entries.sweepAll();
    return this.entries.size;
  }
}
