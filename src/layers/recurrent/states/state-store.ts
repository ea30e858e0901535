import { concat, dispose, gather, keep, type Tensor, type Tensor3D, tensor1d } from '@tensorflow/tfjs-core';
import { message } from '../../../check.js';

/**
 * The states that a stateful layer keeps from call to call, each `[L*D, B, H or P]`. They survive `tidy`, and are disposed
 * when others replace them.
 */
export class StateStore {
  private held: readonly Tensor3D[] | undefined;
  /** Those that the last call started from, where `set` was to keep them. */
  private start: readonly Tensor3D[] | undefined;

  /** The states held, or undefined after a reset. They belong to the store. */
  get states(): readonly Tensor3D[] | undefined {
    return this.held;
  }

  /**
   * Each row of a batch continues from its own state, so B must be that of `batchInputShape`, if the layer has one, and
   * that of the states held, if the call continues from them.
   * @throws RangeError with what to do.
   */
  checkBatch(where: string, batch: number, fixed: number | undefined, continues: boolean): void {
    const held = continues ? this.held?.[0]?.shape[1] : undefined;
    const size = fixed ?? held ?? batch;
    if (size === batch) return;
    const [rule, remedy] =
      fixed === undefined
        ? [
            'as in the call before',
            'Call resetStates() before changing the batch size; predict, evaluate and fit need samples in multiples of it',
          ]
        : [
            'of batchInputShape',
            'Use samples in multiples of it, or leave the batch size out of batchInputShape',
          ];
    const why = `A stateful layer carries one state per row. ${remedy}`;
    throw new RangeError(message(where, 'x', `batch size ${size}, ${rule}`, String(batch), why));
  }

  /** The states before the last `set`, for a call that is made again; undefined for zeros. They belong to the store. */
  get statesBefore(): readonly Tensor3D[] | undefined {
    return this.start;
  }

  /**
   * Holds copies of `states` in place of those before; no data is copied.
   * @param keepsBefore whether those before stay, as `statesBefore`.
   */
  set(states: readonly Tensor3D[], keepsBefore = false): void {
    const next = states.map((state) => keep(state.clone()));
    const before = keepsBefore ? this.held : undefined;
    if (keepsBefore) this.held = undefined;
    this.clear();
    this.start = before;
    this.held = next;
  }

  /**
   * Replaces rows of the batch by `states`, `[L*D, rows, H or P]`, of the states held or of `otherwise`. The other rows stay bit
   * for bit. Call inside `tidy`.
   */
  setRows(rows: readonly number[], states: readonly Tensor3D[], otherwise: readonly Tensor3D[]): void {
    const next = (this.held ?? otherwise).map((state, i) => {
      const batch = state.shape[1];
      const from = Array.from({ length: batch }, (_, row) => row);
      for (const [k, row] of rows.entries()) from[row] = batch + k;
      return gather(concat([state, states[i] as Tensor3D], 1), tensor1d(from, 'int32'), 1);
    });
    this.set(next);
  }

  clear(): void {
    for (const states of [this.held, this.start]) if (states) dispose(states as Tensor[]);
    this.held = undefined;
    this.start = undefined;
  }

  /** Runs a layer's `dispose`, and forgets the states with the layer's last use. */
  clearWith<T extends { readonly refCountAfterDispose: number }>(isBuilt: boolean, disposeLayer: () => T): T {
    // tfjs refuses to dispose an unbuilt layer, which may hold states that resetStates set.
    if (!isBuilt) this.clear();
    const result = disposeLayer();
    if (result.refCountAfterDispose === 0) this.clear();
    return result;
  }
}
