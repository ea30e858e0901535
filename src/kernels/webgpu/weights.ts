/** Weights in the order in which the shaders read them, kept from call to call. */

import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';
import { keepBeyondKernel, type WebGpuBackend } from '../../tfjs-internals.js';
import type { DirectionOf } from '../contract.js';
import type { Plan } from './plan.js';
import { free, runShader } from './run.js';
import { type Orientation, packedFloats, packShader } from './shaders/pack.js';

/** The weights of one direction of one layer, as the backend has them. */
export type DirectionTensors = DirectionOf<TensorInfo, TensorInfo>;

/** The packed weights of all directions of a layer. */
class PackedWeights {
  /** The data that it was made of, not the tensors: a variable that is assigned gets other data. */
  private readonly dataIds: readonly (DataId | undefined)[];
  private readonly packed = new Map<Orientation, TensorInfo>();

  constructor(
    private readonly backend: WebGpuBackend,
    directions: readonly DirectionTensors[],
  ) {
    this.dataIds = dataIdsOf(directions);
  }

  isOf(directions: readonly DirectionTensors[]): boolean {
    return dataIdsOf(directions).every((dataId, i) => dataId === this.dataIds[i]);
  }

  /** Whether all its data are alive on this backend. */
  isAlive(): boolean {
    return this.dataIds.every((dataId) => dataId === undefined || this.backend.refCount(dataId) > 0);
  }

  get(orientation: Orientation, plan: Plan, directions: readonly DirectionTensors[]): TensorInfo {
    const known = this.packed.get(orientation);
    if (known) return known;
    const sizes = { ...plan, hasBias: plan.call.hasBias };
    const shader = packShader(orientation, sizes);
    const weights = directions.map(({ weight_hh }) => weight_hh);
    const biases = directions.map(({ bias_hh }) => bias_hh as TensorInfo);
    const size = packedFloats(orientation, sizes);
    const made = this.backend.makeTensorInfo([size], 'float32');
    keepBeyondKernel();
    const inputs = [...weights, ...biases].slice(0, shader.inputs.length);
    runShader(this.backend, shader, Math.ceil(size / shader.threads), inputs, { size }, made);
    this.packed.set(orientation, made);
    return made;
  }

  free(): void {
    free(this.backend, [...this.packed.values()]);
  }
}

function dataIdsOf(directions: readonly DirectionTensors[]): (DataId | undefined)[] {
  return directions.flatMap(({ weight_hh, bias_hh }) => [weight_hh.dataId, bias_hh?.dataId]);
}

/** Entries that a call checks, and more for each one that it adds: so those out of date stay fewer than the others. */
const CHECKED_PER_CALL = 4;
const CHECKED_PER_ENTRY = 2;

/**
 * The packed weights of every live layer. A variable that is assigned gets new data, so an entry whose data are gone is out
 * of date. Nothing tells when data are disposed: each call checks a few entries in turns.
 */
export class WeightCache {
  /** In the order in which they are checked. */
  private readonly entries = new Map<DataId, PackedWeights>();

  constructor(private readonly backend: WebGpuBackend) {}

  /** The packed weights of a layer; they belong to the cache. */
  get(orientation: Orientation, plan: Plan, directions: readonly DirectionTensors[]): TensorInfo {
    const key = (directions[0] as DirectionTensors).weight_hh.dataId;
    let entry = this.entries.get(key);
    if (!entry?.isOf(directions)) {
      if (entry) this.drop(key, entry);
      this.check(CHECKED_PER_ENTRY);
      entry = new PackedWeights(this.backend, directions);
      this.entries.set(key, entry);
    }
    return entry.get(orientation, plan, directions);
  }

  /** Frees some of what belongs to weights that are gone. */
  sweep(): void {
    this.check(CHECKED_PER_CALL);
  }

  /** Frees all of it. @returns how many layers have packed weights now. */
  sweepAll(): number {
    this.check(this.entries.size);
    return this.entries.size;
  }

  private check(count: number): void {
    let left = Math.min(count, this.entries.size);
    for (const [key, entry] of this.entries) {
      if (left-- === 0) break;
      this.entries.delete(key);
      // A live one goes to the end of the order.
      if (entry.isAlive()) this.entries.set(key, entry);
      else entry.free();
    }
  }

  private drop(key: DataId, entry: PackedWeights): void {
    this.entries.delete(key);
    entry.free();
  }
}

const caches = new WeakMap<WebGpuBackend, WeightCache>();

/** The cache of a backend, which ends with it. */
export function weightCacheOf(backend: WebGpuBackend): WeightCache {
  const known = caches.get(backend);
  if (known) return known;
  const made = new WeightCache(backend);
  caches.set(backend, made);
  return made;
}
