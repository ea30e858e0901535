/** Weights in the order in which the engine reads them, kept from call to call. */

import type { DataId, KernelBackend } from '@tensorflow/tfjs-core';
import { padded } from './abi/constants.js';
import type { Engine } from './engine.js';
import { type DirectionTensors, GATES, type Plan } from './plan.js';
import { valuesOf } from './tensors.js';

const WEIGHT_NAMES = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh', 'weight_hr'] as const;

type WeightName = 'weight_ih' | 'weight_hh' | 'weight_hr';

/** The packed weights of one direction of one layer. Blocks of the arena; 0 where there is none. */
export class PackedWeights {
  readonly weight_ih: number;
  readonly weight_hh: number;
  readonly weight_hr: number;
  readonly bias_ih: number;
  readonly bias_hh: number;
  /** The data it was made of. Not the tensors': a variable that is assigned gets other data. */
  private readonly dataIds: readonly (DataId | undefined)[];
  /** Calls and reserves that use it; it is not freed under them. */
  users = 0;
  private readonly blocks: number[] = [];
  private readonly transposed = new Map<WeightName, number>();
  /** Row-major copies that the transposes are made of, until then. */
  private readonly rowMajor = new Map<WeightName, number>();

  constructor(
    private readonly engine: Engine,
    private readonly backend: KernelBackend,
    private readonly tensors: DirectionTensors,
    private readonly plan: Plan,
    /** I of this layer. */
    readonly inputSize: number,
  ) {
    this.dataIds = WEIGHT_NAMES.map((name) => tensors[name]?.dataId);
    try {
      this.weight_ih = this.pack('weight_ih');
      this.weight_hh = this.pack('weight_hh');
      this.weight_hr = tensors.weight_hr ? this.pack('weight_hr') : 0;
      [this.bias_ih, this.bias_hh] = this.packBiases();
    } catch (error) {
      this.free();
      throw error;
    }
  }

  /** Whether these are the tensors it was made of. */
  isOf(tensors: DirectionTensors): boolean {
    return WEIGHT_NAMES.every((name, i) => tensors[name]?.dataId === this.dataIds[i]);
  }

  /** Whether all its tensors are alive, and still where they were. */
  isAlive(): boolean {
    return this.dataIds.every((dataId) => dataId === undefined || this.backend.refCount(dataId) > 0);
  }

  /** The weight packed for products with its transpose, made when it is first asked for. */
  transpose(name: WeightName): number {
    const known = this.transposed.get(name);
    if (known !== undefined) return known;
    const { gates, units, columns } = this.sizes(name);
    const { functions, base } = this.engine;
    const at = this.allocate(functions.packed_transposed_size(gates, units, columns));
    // The slots towards h begin with GRU's q, which is of the gate n.
    const firstGate = name === 'weight_hh' && this.plan.cell === 'GRU' ? 2 : 0;
    functions.pack_transposed(base, this.rowMajor.get(name) as number, at, gates, units, columns, firstGate);
    this.transposed.set(name, at);
    return at;
  }

  free(): void {
    for (const at of this.blocks.splice(0)) this.engine.arena.release(at);
  }

  private allocate(floats: number): number {
    const at = this.engine.arena.allocate(floats);
    this.blocks.push(at);
    return at;
  }

  private sizes(name: WeightName) {
    const { cell, hiddenSize, projSize, outSize } = this.plan;
    if (name === 'weight_hr') return { gates: 1, units: projSize, columns: hiddenSize };
    return {
      gates: GATES[cell],
      units: hiddenSize,
      columns: name === 'weight_ih' ? this.inputSize : outSize,
    };
  }

  private pack(name: WeightName): number {
    const { gates, units, columns } = this.sizes(name);
    const { functions, base } = this.engine;
    const from = this.allocate(gates * units * columns);
    const at = this.allocate(functions.packed_size(gates, units, columns));
    const values = valuesOf(this.backend, this.tensors[name] as NonNullable<DirectionTensors[WeightName]>);
    this.engine.write(from, values);
    functions.pack_weight(base, from, at, gates, units, columns);
    this.rowMajor.set(name, from);
    return at;
  }

  /** Both biases are added where the input's share is made, but for GRU's b_hn, which r multiplies. */
  private packBiases(): [number, number] {
    const { bias_ih, bias_hh } = this.tensors;
    if (!bias_ih || !bias_hh) return [0, 0];
    const { cell, hiddenSize } = this.plan;
    const { functions, base } = this.engine;
    const gates = GATES[cell];
    const [input, state] = [bias_ih, bias_hh].map((bias) => {
      const at = this.allocate(gates * hiddenSize);
      const values = valuesOf(this.backend, bias);
      this.engine.write(at, values);
      return at;
    }) as [number, number];
    const sum = this.allocate(gates * padded(hiddenSize));
    const added = cell === 'GRU' ? 2 : gates;
    functions.pack_bias(base, input, state, sum, gates, hiddenSize, added);
    if (cell !== 'GRU') return [sum, 0];
    const ofN = this.allocate(padded(hiddenSize));
    functions.pack_bias(base, state + 2 * hiddenSize, 0, ofN, 1, hiddenSize, 0);
    return [sum, ofN];
  }
}

/**
 * The packed weights of every live layer. A variable that is assigned gets new data, so an entry whose data are gone is out
 * of date; it is freed at the next call, since nothing tells when data are disposed.
 */
export class WeightCache {
  private readonly entries = new Map<object, PackedWeights>();

  constructor(private readonly engine: Engine) {}

  /** Packed weights in use by the caller, who lets go of them by `users--`. */
  get(backend: KernelBackend, tensors: DirectionTensors, plan: Plan, inputSize: number): PackedWeights {
    const key = tensors.weight_hh.dataId;
    const known = this.entries.get(key);
    if (known?.isOf(tensors)) {
      known.users++;
      return known;
    }
    if (known) this.drop(key, known);
    const made = new PackedWeights(this.engine, backend, tensors, plan, inputSize);
    made.users++;
    this.entries.set(key, made);
    return made;
  }

  /** Frees what no live tensor and no reserve needs. */
  sweep(): void {
    for (const [key, entry] of this.entries) if (!entry.isAlive()) this.drop(key, entry);
    for (const entry of this.orphans) if (entry.users === 0) this.release(entry);
  }

  /** Out of date, but still in use by a reserve. */
  private readonly orphans = new Set<PackedWeights>();

  private drop(key: object, entry: PackedWeights): void {
    this.entries.delete(key);
    this.orphans.add(entry);
    if (entry.users === 0) this.release(entry);
  }

  private release(entry: PackedWeights): void {
    this.orphans.delete(entry);
    entry.free();
  }
}
