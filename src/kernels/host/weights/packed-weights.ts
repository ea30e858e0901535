/** Weights in the order in which the engine reads them, kept from call to call. */

import { type DataId, type KernelBackend, type TensorInfo, engine as tfEngine } from '@tensorflow/tfjs-core';
import { EntriesInTurns } from '../../entries-in-turns.js';
import { padded } from '../abi/constants.js';
import type { DirectionTensors, Plan } from '../call/plan.js';
import { valuesOf } from '../call/tensors.js';
import type { Engine } from '../runtime/engine.js';

const WEIGHT_NAMES = ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh', 'weight_hr'] as const;

export type MatrixName = 'weight_ih' | 'weight_hh' | 'weight_hr';

/** The weights that a direction has. */
export function tensorsOf(direction: DirectionTensors): TensorInfo[] {
  return WEIGHT_NAMES.flatMap((name) => direction[name] ?? []);
}

/** The packed weights of one direction of one layer. Blocks of the arena; 0 where there is none. */
export class PackedWeights {
  readonly weight_ih: number;
  readonly weight_hh: number;
  readonly weight_hr: number;
  readonly bias_ih: number;
  readonly bias_hh: number;
  /** The data that it was made of, not the tensors: a variable that is assigned gets other data. */
  private readonly dataIds: readonly (DataId | undefined)[];
  /** Calls and reserves that use it; it is not freed before they are done. */
  users = 0;
  private freed = false;
  private readonly blocks: number[] = [];
  private readonly transposed = new Map<MatrixName, number>();
  /** Row-major copies that a gradient makes its transposes of. */
  private readonly rowMajor = new Map<MatrixName, number>();

  /** @param isTraining whether a gradient may follow, which reads the transposes. */
  constructor(
    private readonly engine: Engine,
    private readonly backend: KernelBackend,
    tensors: DirectionTensors,
    private readonly plan: Plan,
    /** I of this layer. */
    readonly inputSize: number,
    isTraining: boolean,
  ) {
    this.dataIds = WEIGHT_NAMES.map((name) => tensors[name]?.dataId);
    try {
      this.weight_ih = this.pack('weight_ih', tensors.weight_ih, isTraining);
      this.weight_hh = this.pack('weight_hh', tensors.weight_hh, isTraining);
      this.weight_hr = tensors.weight_hr ? this.pack('weight_hr', tensors.weight_hr, isTraining) : 0;
      [this.bias_ih, this.bias_hh] = this.packBiases(tensors);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  get isFreed(): boolean {
    return this.freed;
  }

  /** Whether these are the tensors it was made of. */
  isOf(tensors: DirectionTensors): boolean {
    return WEIGHT_NAMES.every((name, i) => tensors[name]?.dataId === this.dataIds[i]);
  }

  /** Whether all its data are alive, on the backend that it was packed on or on the active one. */
  isAlive(): boolean {
    const { backend } = tfEngine();
    return this.dataIds.every(
      (dataId) => dataId === undefined || this.backend.refCount(dataId) > 0 || backend.refCount(dataId) > 0,
    );
  }

  /** The blocks that `forward` reads; 0 where there is none. */
  get read(): readonly number[] {
    return [this.weight_ih, this.weight_hh, this.weight_hr, this.bias_ih, this.bias_hh];
  }

  /**
   * The weight packed for products with its transpose, made when it is first asked for.
   * @param tensor the weight, with the values that it had.
   */
  transpose(name: MatrixName, tensor: TensorInfo): number {
    const known = this.transposed.get(name);
    if (known !== undefined) return known;
    const { gates, units, columns } = this.sizes(name);
    const { functions, base } = this.engine;
    const at = this.allocate(functions.packed_transposed_size(gates, units, columns));
    const from = this.rowMajor.get(name) ?? this.copyIn(name, tensor);
    // The slots towards h are q, r, z in a GRU; q belongs to the gate n, the third in torch's order.
    const firstGate = name === 'weight_hh' && this.plan.cell === 'GRU' ? 2 : 0;
    functions.pack_transposed(base, from, at, gates, units, columns, firstGate);
    this.rowMajor.delete(name);
    this.release(from);
    this.transposed.set(name, at);
    return at;
  }

  /** Frees the row-major copies, once no gradient follows. */
  releaseRowMajor(): void {
    for (const at of this.rowMajor.values()) this.release(at);
    this.rowMajor.clear();
  }

  free(): void {
    this.freed = true;
    for (const at of this.blocks.splice(0)) this.engine.arena.release(at);
  }

  private allocate(floats: number): number {
    const at = this.engine.arena.allocate(floats);
    this.blocks.push(at);
    return at;
  }

  private release(at: number): void {
    this.blocks.splice(this.blocks.indexOf(at), 1);
    this.engine.arena.release(at);
  }

  private sizes(name: MatrixName) {
    const { gates, hiddenSize, projSize, outSize } = this.plan;
    if (name === 'weight_hr') return { gates: 1, units: projSize, columns: hiddenSize };
    return { gates, units: hiddenSize, columns: name === 'weight_ih' ? this.inputSize : outSize };
  }

  /** @returns a block with the weight, row-major. */
  private copyIn(name: MatrixName, tensor: TensorInfo): number {
    const { gates, units, columns } = this.sizes(name);
    const at = this.allocate(gates * units * columns);
    // Not the backend that it was packed on: another one may be active by now.
    const values = valuesOf(tfEngine().backend, tensor);
    this.engine.write(at, values);
    return at;
  }

  private pack(name: MatrixName, tensor: TensorInfo, isTraining: boolean): number {
    const { gates, units, columns } = this.sizes(name);
    const { functions, base } = this.engine;
    const at = this.allocate(functions.packed_size(gates, units, columns));
    const from = this.copyIn(name, tensor);
    functions.pack_weight(base, from, at, gates, units, columns);
    if (isTraining) this.rowMajor.set(name, from);
    else this.release(from);
    return at;
  }

  /** @returns the bias of the input projection, which is the sum of both, and GRU's b_hn, which is apart since r multiplies it. */
  private packBiases({ bias_ih, bias_hh }: DirectionTensors): [number, number] {
    if (!bias_ih || !bias_hh) return [0, 0];
    const { cell, gates, hiddenSize } = this.plan;
    const { functions, base } = this.engine;
    const [input, state] = [bias_ih, bias_hh].map((bias) => {
      const at = this.allocate(gates * hiddenSize);
      const values = valuesOf(this.backend, bias);
      this.engine.write(at, values);
      return at;
    }) as [number, number];
    const sum = this.allocate(gates * padded(hiddenSize, this.engine.pad));
    const added = cell === 'GRU' ? 2 : gates;
    functions.pack_bias(base, input, state, sum, gates, hiddenSize, added);
    const ofN = cell === 'GRU' ? this.allocate(padded(hiddenSize, this.engine.pad)) : 0;
    if (ofN !== 0) functions.pack_bias(base, state + 2 * hiddenSize, 0, ofN, 1, hiddenSize, 0);
    for (const at of [input, state]) this.release(at);
    return [sum, ofN];
  }
}

/** The packed weights of every live layer. A variable that is assigned gets new data, so an entry whose data are gone is out of date. */
export class WeightCache {
  private readonly entries = new EntriesInTurns<PackedWeights>((entry) => {
    if (entry.users === 0) entry.free();
    else this.orphans.add(entry);
  });
  /** Out of date, but still in use by a reserve. */
  private readonly orphans = new Set<PackedWeights>();

  constructor(private readonly engine: Engine) {}

  /**
   * The packed weights of a direction. They count the caller as a user until it does `users--`.
   * @param isTraining whether a gradient may follow.
   */
  get(
    backend: KernelBackend,
    tensors: DirectionTensors,
    plan: Plan,
    inputSize: number,
    isTraining: boolean,
  ): PackedWeights {
    const key = tensors.weight_hh.dataId;
    const known = this.entries.get(key);
    const packed = known?.isOf(tensors)
      ? known
      : this.entries.replace(
          key,
          () => new PackedWeights(this.engine, backend, tensors, plan, inputSize, isTraining),
        );
    packed.users++;
    return packed;
  }

  /** Whether the weights of a direction are packed. */
  has(tensors: DirectionTensors): boolean {
    return this.entries.get(tensors.weight_hh.dataId)?.isOf(tensors) ?? false;
  }

  /** Frees some of what no live tensor and no reserve needs. */
  sweep(): void {
    this.entries.sweep();
    this.freeOrphans();
  }

  /** Frees all of it. */
  sweepAll(): void {
    this.entries.sweepAll();
    this.freeOrphans();
  }

  private freeOrphans(): void {
    for (const entry of this.orphans) {
      if (entry.users > 0) continue;
      this.orphans.delete(entry);
      entry.free();
    }
  }
}
