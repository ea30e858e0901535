import { dispose, keep, type Tensor, type Tensor3D } from '@tensorflow/tfjs-core';
import { message } from '../../check.js';

/**
 * The states that a stateful layer carries from call to call, each `[L*D, B, H or P]`: kept across `tidy`, disposed when
 * replaced.
 */
export class StateStore {
  private held: readonly Tensor3D[] | undefined;

  /** The states held, or undefined after a reset. They belong to the store. */
  get states(): readonly Tensor3D[] | undefined {
    return this.held;
  }

  /**
   * Each row of a batch goes on with the state of its own: B is that of `batchInputShape`, where the layer has one, and
   * that of the states held, where a call goes on with them.
   */
  checkBatch(where: string, batch: number, fixed: number | undefined, goesOn: boolean): void {
    const held = goesOn ? this.held?.[0]?.shape[1] : undefined;
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

  /** Holds copies of `states` (no data is copied) in place of the ones before. */
  set(states: readonly Tensor3D[]): void {
    const next = states.map((state) => keep(state.clone()));
    this.clear();
    this.held = next;
  }

  clear(): void {
    if (this.held) dispose(this.held as Tensor[]);
    this.held = undefined;
  }
}
