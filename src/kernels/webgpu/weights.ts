/** Weights in the order in which the shaders read them, kept from call to call. */

import type { DataId, TensorInfo } from '@tensorflow/tfjs-core';
import { keepBeyondKernel } from '../../tfjs-internals/data.js';
import type { WebGpuBackend } from '../../tfjs-internals/webgpu.js';
import type { DirectionOf } from '../contract.js';
import { EntriesInTurns } from '../entries-in-turns.js';
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

/** The packed weights of every live layer. A variable that is assigned gets new data, so an entry whose data are gone is out of date. */
export class WeightCache {
  private readonly entries = new EntriesInTurns<PackedWeights>((entry) => entry.free());

  constructor(private readonly backend: WebGpuBackend) {}

  /** The packed weights of a layer; they belong to the cache. */
  get(orientation: Orientation, plan: Plan, directions: readonly DirectionTensors[]): TensorInfo {
    const key = (directions[0] as DirectionTensors).weight_hh.dataId;
    const known = this.entries.get(key);
    const entry = known?.isOf(directions)
      ? known
      : this.entries.replace(key, () => new PackedWeights(this.backend, directions));
    return entry.get(orientation, plan, directions);
  }

  /** Frees some of what belongs to weights that are gone. */
  sweep(): void {
    this.entries.sweep();
  }

  /** Frees all of it. @returns how many layers have packed weights now. */
  sweepAll(): number {
    this.entries.sweepAll();
    return this.entries.size;
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
